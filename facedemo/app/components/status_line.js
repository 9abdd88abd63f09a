const SETTLING = 1000; // ms in which the page may still be redrawn, and lose the focus

function hold(line, until) {
  const focused = document.activeElement;
  if (!focused || focused === document.body || focused.matches('[data-testid="stMain"]')) {
    line.focus({ preventScroll: true });
  }
  if (performance.now() < until) requestAnimationFrame(() => hold(line, until));
}

export default function ({ data, parentElement }) {
  const line = parentElement.querySelector(".line");
  const news = parentElement.querySelector(".news");
  if (line.textContent !== data.text) line.textContent = data.text;
  if (news.textContent !== data.news) news.textContent = data.news;
  if (data.focus && line.focusedFor !== data.focus) {
    line.focusedFor = data.focus;
    line.classList.toggle("quiet", document.documentElement.dataset.keyboard !== "used"); // a link was opened
    line.focus({ preventScroll: true });
    hold(line, performance.now() + SETTLING);
    document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
  }
}
