// Fewer Tab stops: the links to the pages are one, with arrow keys between them, and a "?" beside a control is none.
// F1 shows the help of the control in focus, and so does "?" unless the control takes text; again, or Escape, goes back.
// Tab leads from the button of an open popover into it, although it stands at the end of the document, and out of a table,
// whose cells are for the arrow keys.
const ARROWS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
const ENDS = { Home: 0, End: -1 };
const HELP = '.stTooltipIcon button[aria-label^="Help"]'; // a control of its own may have such a tooltip, too
const FOCUSABLE = ":is(input, textarea, button, a[href], [tabindex='0']):not(:disabled)";

const elementOf = (node) => node.closest?.('[data-testid="stElementContainer"]');
const linksOf = (menu) => [...menu.querySelectorAll("a[href]")].filter((link) => link.checkVisibility());
const takesText = (node) => node.matches("textarea, input:not([type=radio], [type=checkbox], [type=range])");

function oneStop(menu) {
  const links = linksOf(menu);
  const current = links.find((link) => link.pathname === location.pathname) ?? links[0];
  links.forEach((link) => {
    link.tabIndex = link === current ? 0 : -1;
    if (link === current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
}

// Streamlit names only the "?" of a control after it.
function nameHelp(help) {
  const about = elementOf(help)?.innerText.trim().split("\n")[0];
  if (help.ariaLabel === "Help" && about) help.ariaLabel = `Help for ${about}`;
}

// A "?" beside a text, a chart or a disabled control is the only way to its help, and stays a stop.
function noStop(help) {
  const beside = [...(elementOf(help)?.querySelectorAll(FOCUSABLE) ?? [])].some((node) => !node.matches(HELP));
  help.tabIndex = beside ? -1 : 0;
}

function moveInMenu(event) {
  const menu = event.target.closest("nav");
  if (!menu || !(event.key in ARROWS || event.key in ENDS)) return;
  const links = linksOf(menu);
  const index = event.key in ENDS ? ENDS[event.key] : (links.indexOf(event.target) + ARROWS[event.key]) % links.length;
  event.preventDefault();
  links.at(index).focus();
}

// Streamlit takes the controls of a popover out of the tab order while the focus is outside, and notes what they had.
const tabIndexOf = (node) => node.dataset.tabindex ?? node.tabIndex;
const isStop = (node) => tabIndexOf(node) >= 0 && !node.matches("[type=radio]:not(:checked)") && node.checkVisibility();

function tabThroughPopover(event) {
  const popover = document.querySelector('[data-testid="stPopoverBody"]');
  const opener = document.querySelector('[data-testid="stPopoverButton"][aria-expanded="true"]');
  if (event.key !== "Tab" || !popover || !opener) return;
  const stops = [...popover.querySelectorAll(FOCUSABLE)].filter(isStop);
  const [from, to] = event.shiftKey ? [stops[0], opener] : [opener, stops[0]];
  if (event.target === from && to) {
    event.preventDefault();
    to.focus();
  } else if (event.target === stops.at(-1) && !event.shiftKey) {
    opener.focus(); // from which the browser goes on
  }
}

// By itself, a table takes Tab for the way to its next cell.
function tabOutOfTable(event) {
  if (event.key === "Tab" && event.target.closest?.('[data-testid="stDataFrame"] canvas')) event.stopPropagation();
}

export default function () {
  const page = document.documentElement;
  if (page.facedemoKeyboard) return;
  page.facedemoKeyboard = true;
  let back; // the control whose help is shown

  const showOrLeaveHelp = (event) => {
    const { key, target } = event;
    const asked = key === "F1" || (key === "?" && !takesText(target));
    if (back?.isConnected && target.matches(HELP) && (asked || key === "Escape")) {
      event.preventDefault();
      back.focus();
      back = undefined;
    } else if (asked) {
      const help = elementOf(target)?.querySelector(HELP);
      if (!help) return;
      event.preventDefault();
      back = target;
      help.focus();
    }
  };

  let waiting = false;
  const update = () => {
    waiting = false;
    document.querySelectorAll("nav").forEach(oneStop);
    document.querySelectorAll(HELP).forEach((help) => {
      noStop(help);
      nameHelp(help);
    });
  };
  const noteUse = () => (document.documentElement.dataset.keyboard = "used"); // read by status_line.js
  document.addEventListener("keydown", noteUse, { capture: true, once: true });
  document.addEventListener("keydown", tabOutOfTable, true);
  document.addEventListener("keydown", moveInMenu);
  document.addEventListener("keydown", showOrLeaveHelp);
  document.addEventListener("keydown", tabThroughPopover);
  new MutationObserver(() => {
    if (!waiting) requestAnimationFrame(update);
    waiting = true;
  }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  update();
}
