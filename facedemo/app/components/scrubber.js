const SETTLED = 200; // ms after which a place counts as chosen

export default function ({ data, parentElement, setTriggerValue }) {
  const [label, text, slider] = ["label", "text", "scrubber"].map((name) => parentElement.querySelector(`.${name}`));
  const { hint, place, texts } = data;

  const show = (index) => {
    slider.value = index;
    slider.style.setProperty("--at", index / Math.max(1, texts.length - 1));
    slider.setAttribute("aria-valuetext", texts[index]);
    text.textContent = texts[index];
  };

  label.textContent = data.label;
  slider.max = texts.length - 1;
  slider.title = hint;
  slider.oninput = () => {
    const index = Number(slider.value);
    show(index);
    clearTimeout(slider.settling);
    slider.settling = setTimeout(() => {
      slider.settling = undefined;
      setTriggerValue("place", index);
    }, SETTLED);
  };
  if (!slider.settling) show(place); // otherwise the visitor is moving it
}
