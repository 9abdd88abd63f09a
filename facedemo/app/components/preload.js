// A browser needs a second or more for Streamlit's code of charts, which it loads when a page first shows one. This loads
// it before, while the browser is idle; the page then finds the same module.
export default function ({ data }) {
  const other = document.querySelector('script[type="module"][src*="/static/js/"]');
  if (!data.file || !other || window.chartCode) return;
  window.chartCode = data.file;
  requestIdleCallback(() => import(new URL(data.file, other.src)).catch(() => {}));
}
