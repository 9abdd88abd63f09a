// Streamlit adds an entry to the browser's history whenever a page writes its settings into the address. When they only
// complete the address that opened the page, they go into that entry; otherwise Back would lead to the same page again.
const OWN = "facedemoSettings";

function completes(address) {
  const known = new URLSearchParams(location.search);
  return address.pathname === location.pathname && [...address.searchParams.keys()].some((name) => !known.has(name));
}

export default function () {
  if (history[OWN]) return;
  history[OWN] = true;
  if (location.search) history.replaceState({ ...history.state, [OWN]: true }, ""); // the first page came before this
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    const address = new URL(url, location.href);
    const entry = address.pathname === location.pathname ? { ...state, [OWN]: true } : state;
    if (!history.state?.[OWN] && completes(address)) history.replaceState(entry, title, url);
    else push(entry, title, url);
  };
}
