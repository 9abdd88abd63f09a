// A chart that is redrawn loses its tooltip. This component tells it where the pointer still is.
export default function () {
  const page = document.documentElement;
  if (!page.pointerKept) {
    page.pointerKept = true;
    document.addEventListener("mousemove", (event) => {
      if (!event.isTrusted) return;
      page.pointerChart = event.target.closest?.(".js-plotly-plot");
      page.pointerAt = { clientX: event.clientX, clientY: event.clientY };
    });
  }
  for (const chart of document.querySelectorAll(".js-plotly-plot")) {
    if (chart.hoverKept || !chart.on) continue;
    chart.hoverKept = true;
    chart.on("plotly_afterplot", () => {
      if (page.pointerChart !== chart) return;
      const plot = chart.querySelector(".nsewdrag");
      setTimeout(() => plot?.dispatchEvent(new MouseEvent("mousemove", { ...page.pointerAt, bubbles: true })), 60);
    });
  }
}
