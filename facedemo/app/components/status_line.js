export default function ({ data, parentElement }) {
  const line = parentElement.querySelector(".line");
  const news = parentElement.querySelector(".news");
  if (line.textContent !== data.text) line.textContent = data.text;
  if (news.textContent !== data.news) news.textContent = data.news;
  if (data.focus && line.focusedFor !== data.focus) {
    line.focusedFor = data.focus;
    line.focus({ preventScroll: true });
    document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
  }
}
