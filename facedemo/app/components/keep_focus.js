// A control in focus that disappears, such as a button whose work has begun, would take the focus with it. This hands
// the focus on to the control that takes its place. With a mouse or a finger, nobody needs that.
const CONTROLS = ":is(input, textarea, button, a[href], summary, [tabindex='0']):not(:disabled, [aria-label^='Help'])";
const SETTLING = 300; // ms in which the control may come back, or the page may choose another focus

const isSeen = (control) => control.checkVisibility({ visibilityProperty: true });
const controlsIn = (part) => [...part.querySelectorAll(CONTROLS)].filter(isSeen);
const isLost = (control) => !isSeen(control) || control.matches(":disabled");
const nothingFocused = () => document.activeElement === document.body;

// The parts of the page around a control, smallest first, with the number of controls in each that come before it.
function placesOf(control) {
  const places = [];
  const precedes = (other) => other.compareDocumentPosition(control) & Node.DOCUMENT_POSITION_FOLLOWING;
  for (let part = control.parentElement; part?.closest('[data-testid="stVerticalBlock"]'); part = part.parentElement) {
    places.push({ part, index: controlsIn(part).filter(precedes).length });
  }
  return places;
}

function takesThePlace(places) {
  for (const { part, index } of places.filter(({ part }) => part.isConnected)) {
    const controls = controlsIn(part);
    if (controls.length) return controls[Math.min(index, controls.length - 1)];
  }
}

export default function () {
  const page = document.documentElement;
  if (page.keepsFocus) return;
  page.keepsFocus = true;
  let held; // the control in focus, its places, and the path of its page
  let byKeyboard = true;
  let next; // the control that the focus was handed to

  const handOn = ({ control, places, path }) => {
    if (!nothingFocused() || !isLost(control) || path !== location.pathname) return;
    next = takesThePlace(places);
    next?.focus();
  };
  document.addEventListener("focusin", ({ target }) => {
    held = { control: target, places: placesOf(target), path: location.pathname };
  });
  document.addEventListener("pointerdown", () => (byKeyboard = false), true);
  document.addEventListener(
    "keydown",
    (event) => {
      byKeyboard = true;
      if (event.repeat && event.target === next) event.preventDefault(); // the key was pressed for the one before
      else next = undefined;
    },
    true,
  );
  new MutationObserver(() => {
    if (!held || !byKeyboard || !nothingFocused() || !isLost(held.control)) return;
    setTimeout(handOn, SETTLING, held);
    held = undefined;
  }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
}
