const SETTLED = 400; // ms after which a frame counts as chosen

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".film");
  const [screen, play, scrubber, count, strip] = ["screen", "play", "scrubber", "count", "strip"].map((name) =>
    root.querySelector(`.${name}`),
  );
  const { alt, closed, columns, frame, frames, places, rate, sprite } = data;
  root.style.setProperty("--pictures", places.length);

  // A canvas instead of a background picture: enlarged, the latter would show the edge of the next frame.
  const draw = (canvas, index) => {
    const side = root.picture.naturalWidth / columns;
    const brush = canvas.getContext("2d");
    brush.imageSmoothingQuality = "high";
    const from = [(index % columns) * side, Math.floor(index / columns) * side];
    brush.drawImage(root.picture, ...from, side, side, 0, 0, canvas.width, canvas.height);
  };

  const show = (index) => {
    root.index = index;
    if (root.picture.complete) draw(screen, index);
    scrubber.value = index + 1;
    scrubber.style.setProperty("--at", index / Math.max(1, frames - 1));
    scrubber.setAttribute("aria-valuetext", `Frame ${index + 1} of ${frames}`);
    count.textContent = `${index + 1} / ${frames}`;
    const nearest = places.reduce((a, b) => (Math.abs(b - index) < Math.abs(a - index) ? b : a));
    [...strip.children].forEach((place, at) => place.setAttribute("aria-current", places[at] === nearest));
  };

  const choose = () => {
    clearTimeout(root.settling);
    root.settling = setTimeout(() => setTriggerValue("frame", root.index + 1), SETTLED);
  };

  const run = (playing) => {
    clearInterval(root.timer);
    root.playing = playing;
    play.textContent = playing ? "Pause" : "Play";
    if (!playing) return;
    root.timer = setInterval(() => {
      if (!root.isConnected) return clearInterval(root.timer);
      if (frames < 2) return;
      if (closed) return show((root.index + 1) % frames);
      if (root.index >= frames - 1) root.back = true;
      if (root.index <= 0) root.back = false;
      show(root.index + (root.back ? -1 : 1));
    }, 1000 / rate);
  };

  const hold = (index) => {
    run(false);
    show(index);
    choose();
  };

  while (strip.childElementCount > places.length) strip.lastElementChild.remove();
  while (strip.childElementCount < places.length) {
    const place = document.createElement("button");
    place.type = "button";
    place.className = "place";
    place.append(Object.assign(document.createElement("canvas"), { width: 128, height: 128 }));
    strip.append(place);
  }
  [...strip.children].forEach((place, at) => {
    place.setAttribute("aria-label", `Frame ${places[at] + 1}`);
    place.onclick = () => hold(places[at]);
  });

  screen.setAttribute("aria-label", alt);
  scrubber.max = frames;
  scrubber.oninput = () => {
    run(false);
    show(Number(scrubber.value) - 1);
    choose();
  };
  play.onclick = () => (root.playing ? hold(root.index) : run(true));

  // A rerun that does not change the film does not restart it.
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (root.sprite === sprite) return run(root.playing);
  const first = root.sprite === undefined;
  root.sprite = sprite;
  root.picture = new Image();
  root.picture.onload = () => {
    [...strip.children].forEach((place, at) => draw(place.firstChild, places[at]));
    show(root.index);
  };
  root.picture.src = sprite;
  show(Math.min(first ? frame - 1 : 0, frames - 1));
  run(first ? !still && frame === 1 : root.playing);
}
