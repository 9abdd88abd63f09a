// A control in focus that disappears, such as a button whose work has begun, would take the focus with it. This hands
// the focus on to the control that takes its place. With a mouse or a finger, nobody needs that.
const CONTROLS = ":is(input, textarea, button, a[href], summary, [tabindex='0']):not([aria-label^='Help'])";
const CHART = ".modebar-btn"; // the buttons of a chart take the place of nothing but each other
const PAGE = '[data-testid="stMain"]';
const PARTS = `[role="dialog"], ${PAGE}`;
const CHECK = 100; // ms
// Checks in a row that find the page drawn. Meanwhile the control may come back, or the page may choose another focus, and
// the last elements appear: Streamlit calls a page drawn shortly before they do.
const SETTLED = 4;
const PATIENCE = 120; // checks of a page that is still being drawn

const isFree = () => document.activeElement === document.body;
const isSeen = (control) => control.checkVisibility({ visibilityProperty: true });
const isDrawn = () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning";
const isLost = (control) => !isSeen(control) || control.matches(":disabled");
const controlsIn = (part) => [...part.querySelectorAll(CONTROLS)].filter(isSeen);
const follows = (one, other) => one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;

// A control's part of the page, with the other controls there; most of them outlive it.
function placeOf(control) {
  const part = control.closest(PARTS);
  const others = part ? controlsIn(part) : [];
  return {
    part,
    before: others.filter((other) => follows(other, control)),
    after: others.filter((other) => follows(control, other)),
  };
}

function takesPlace(lost, { part, before, after }) {
  const controls = controlsIn(part).filter(
    (control) => !isLost(control) && (!control.matches(CHART) || lost.matches(CHART)),
  );
  const previous = before.findLast((control) => control.isConnected);
  const following = after.find((control) => control.isConnected);
  const isBetween = (control) =>
    (!previous || follows(previous, control)) && (!following || follows(control, following));
  // as many in a row have been replaced before and after it; the side with fewer of them tells its place better
  const lostBefore = before.length - 1 - before.lastIndexOf(previous);
  const lostAfter = following ? after.indexOf(following) : after.length;
  const between = controls.filter(isBetween);
  return (
    (lostAfter < lostBefore ? between.slice(-1 - lostAfter)[0] : between.slice(0, lostBefore + 1).pop()) ??
    controls.find((control) => after.includes(control)) ??
    controls.findLast((control) => before.includes(control))
  );
}

export default function () {
  const page = document.documentElement;
  if (page.keepsFocus) return;
  page.keepsFocus = true;
  let held; // the control in focus, its place, and the path of its page
  let byKeyboard = true;
  let next; // the control that the focus was handed to

  const handOn = (lost, checks, drawn) => {
    const { control, place, path } = lost;
    const isElsewhere = path !== location.pathname; // on another page, which is heard and tabbed through from its top
    if (!isFree() || !place.part || !(place.part.isConnected || isElsewhere)) return;
    if (drawn < SETTLED && checks < PATIENCE) {
      setTimeout(() => handOn(lost, checks + 1, isDrawn() || !isLost(control) ? drawn + 1 : 0), CHECK);
      return;
    }
    if (isElsewhere) next = document.querySelector(PAGE);
    else next = isLost(control) ? takesPlace(control, place) : control; // one that comes back does so without the focus
    next?.focus();
  };
  const hold = ({ target }) => (held = { control: target, place: placeOf(target), path: location.pathname });
  document.addEventListener("focusin", hold);
  document.addEventListener("pointerdown", () => (byKeyboard = false), true);
  document.addEventListener(
    "keydown",
    (event) => {
      byKeyboard = true;
      if (event.repeat && event.target === next) event.preventDefault(); // the key was pressed for the one before
      else next = undefined;
      if (event.target === held?.control) hold(event); // its neighbours may have changed since it got the focus
    },
    true,
  );
  const release = () => {
    if (!held || !byKeyboard || !isFree() || !isLost(held.control)) return;
    handOn(held, 0, 0);
    held = undefined;
  };
  new MutationObserver(release).observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  document.addEventListener("focusout", release); // a control that is disabled keeps the focus until the next drawing
}
