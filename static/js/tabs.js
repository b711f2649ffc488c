/**
 * Tabs that do not fit are scrolled sideways: the current one is brought into view when the page comes and whenever
 * its header is shown anew. And a link to something that can be unfolded, such as an alert, unfolds it.
 */

function showCurrent() {
  for (const tabs of document.querySelectorAll(".tabs")) {
    const current = tabs.querySelector("[aria-current]");
    if (!current || tabs.scrollWidth <= tabs.clientWidth) continue;
    const room = (tabs.clientWidth - current.offsetWidth) / 2;
    tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - room;
  }
}

function unfoldTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

export function wireTabs() {
  showCurrent();
  unfoldTarget();
  document.addEventListener("htmx:afterSettle", showCurrent);
  addEventListener("hashchange", unfoldTarget);
}
