// A chart that is drawn anew loses its tooltip. This shows it again where the pointer still is.
const SETTLED = 100; // ms without a change of the page

function hoverAgain(pointer) {
  const under = document.elementFromPoint(pointer.clientX, pointer.clientY);
  const chart = under?.closest(".js-plotly-plot");
  if (!chart || chart.querySelector(".hoverlayer")?.childElementCount) return;
  under.dispatchEvent(new MouseEvent("mousemove", { ...pointer, bubbles: true }));
}

export default function () {
  const page = document.documentElement;
  if (page.keepsHover) return;
  page.keepsHover = true;
  let pointer = { clientX: -1, clientY: -1 };
  let timer;
  document.addEventListener("mousemove", (event) => {
    if (event.isTrusted) pointer = { clientX: event.clientX, clientY: event.clientY };
  });
  new MutationObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(() => hoverAgain(pointer), SETTLED);
  }).observe(document.body, { childList: true, subtree: true });
}
