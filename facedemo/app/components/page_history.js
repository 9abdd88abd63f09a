// Streamlit adds an entry to the browser's history whenever the address changes. Two of them would make Back lead to the
// same page again: the settings that complete the address that opened a page, and the change before the app opens another
// page. Both replace an entry here instead.
const OWN = "facedemoSettings";
const AT_ONCE = 1000; // ms in which nobody changes a setting and leaves the page
const CLEARED = 5000; // ms, if that change cleared the address, as the app does before it opens another page

function completes(address) {
  const known = new URLSearchParams(location.search);
  return [...address.searchParams.keys()].some((name) => !known.has(name));
}

export default function () {
  if (history[OWN]) return;
  history[OWN] = true;
  if (location.search) history.replaceState({ ...history.state, [OWN]: true }, ""); // the first page came before this
  const push = history.pushState.bind(history);
  let leaving = 0; // until then, another page replaces the last entry
  history.pushState = (state, title, url) => {
    const address = new URL(url, location.href);
    if (address.pathname !== location.pathname) {
      const replaces = performance.now() < leaving;
      leaving = 0;
      if (replaces) history.replaceState(state, title, url);
      else push(state, title, url);
    } else if (!history.state?.[OWN] && completes(address)) {
      history.replaceState({ ...state, [OWN]: true }, title, url);
    } else {
      leaving = performance.now() + (address.search ? AT_ONCE : CLEARED);
      push({ ...state, [OWN]: true }, title, url);
    }
  };
}
