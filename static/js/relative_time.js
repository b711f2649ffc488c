/**
 * Keeps `<time datetime data-relative>` fresh. The server's words are right when the page arrives and stay without
 * script; these are the same words as `common/marks.py:relative_time`.
 */

const STEPS = [
  [60, 3600, "min"],
  [60 * 60, 86_400, "h"],
  [24 * 60 * 60, 604_800, "d"],
];

/**
 * @param {number} seconds since the moment; negative for what is to come
 * @returns {string | null} null where a date says it better
 */
export function words(seconds) {
  const span = Math.abs(seconds);
  if (span < 60) return "now";
  for (const [size, limit, word] of STEPS) {
    if (span < limit) return `${seconds > 0 ? "" : "in "}${Math.floor(span / size)} ${word}`;
  }
  return null;
}

function refresh() {
  if (document.hidden) return;
  const now = Date.now();
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const text = words(Math.trunc((now - Date.parse(element.getAttribute("datetime"))) / 1000));
    if (text !== null && element.textContent !== text) element.textContent = text;
  }
}

export function wireRelativeTime() {
  setInterval(refresh, 30_000);
  document.addEventListener("visibilitychange", refresh);
}
