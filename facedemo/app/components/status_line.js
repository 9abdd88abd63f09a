const SETTLING = 1000; // ms in which the page may still be redrawn, and lose the focus

// Until somebody presses a key or a button: then the focus is where they want it.
function hold(line, until) {
  if (line.left) return;
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
    line.left = false;
    for (const type of ["keydown", "pointerdown"]) {
      document.addEventListener(type, () => (line.left = true), { once: true, capture: true });
    }
    hold(line, performance.now() + SETTLING);
    document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
  }
}
