/** Tabs that do not fit are scrolled sideways: the current one is brought into view, also when they are shown anew. */

function showCurrent() {
  for (const tabs of document.querySelectorAll(".tabs")) {
    const current = tabs.querySelector("[aria-current]");
    if (!current || tabs.scrollWidth <= tabs.clientWidth) continue;
    const room = (tabs.clientWidth - current.offsetWidth) / 2;
    tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - room;
  }
}

export function wireTabs() {
  showCurrent();
  document.addEventListener("htmx:afterSettle", showCurrent);
}
