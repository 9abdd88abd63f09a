export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector(".faces");
  const style = parentElement.querySelector(".sprite");
  const { alt, columns, narrow, seeds, selected, sprite } = data;
  const labels = data.labels.length ? data.labels : seeds.map((seed) => `seed ${seed}`);
  const rows = Math.ceil(labels.length / columns);

  grid.setAttribute("aria-label", alt);
  grid.style.setProperty("--columns", columns);
  grid.style.setProperty("--rows", rows);
  grid.style.setProperty("--narrow", narrow);

  // One rule instead of a style on each button: the picture is decoded once.
  if (grid.sprite !== sprite) {
    style.textContent = `.face { background-image: url("${sprite}"); }`;
    grid.sprite = sprite;
  }

  // Buttons outlive a rerun, so that the focus stays where it was.
  while (grid.childElementCount > labels.length) grid.lastElementChild.remove();
  while (grid.childElementCount < labels.length) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "face";
    grid.append(button);
  }

  const faces = [...grid.children];
  const mark = (chosen) =>
    faces.forEach((face, index) => {
      face.setAttribute("aria-pressed", index === chosen);
      face.tabIndex = index === Math.max(chosen, 0) ? 0 : -1;
    });

  faces.forEach((face, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns);
    face.style.backgroundPosition =
      `${columns > 1 ? (100 * column) / (columns - 1) : 0}% ${rows > 1 ? (100 * row) / (rows - 1) : 0}%`;
    face.setAttribute("aria-label", `Face ${index + 1}, ${labels[index]}`);
    face.title = labels[index];
    face.onclick = () => {
      mark(index);
      setTriggerValue("face", index + 1);
    };
  });
  mark((selected ?? 0) - 1);

  grid.onkeydown = (event) => {
    const across = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    const from = faces.indexOf(event.target);
    const steps = {
      ArrowLeft: from % across ? -1 : 0, // at the edge, the focus stays where it is
      ArrowRight: (from + 1) % across ? 1 : 0,
      ArrowUp: -across,
      ArrowDown: across,
      Home: -from,
      End: faces.length - 1 - from,
    };
    const next = faces[from + steps[event.key]];
    if (from < 0 || !(event.key in steps)) return;
    event.preventDefault();
    if (!next) return;
    faces.forEach((face) => (face.tabIndex = face === next ? 0 : -1));
    next.focus();
  };
}
