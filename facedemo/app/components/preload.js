// Streamlit loads the code of charts, tables and the like when a page first shows one, and a browser needs a second or
// more for it. This loads it before, file by file, while the browser is idle; the page then finds the same modules.
export default function ({ data }) {
  const other = document.querySelector('script[type="module"][src*="/static/js/"]');
  if (!other || window.preloaded) return;
  window.preloaded = data.files;
  const next = (index) => {
    if (index < data.files.length)
      requestIdleCallback(() => import(new URL(data.files[index], other.src)).catch(() => {}).then(() => next(index + 1)));
  };
  next(0);
}
