/**
 * What a person was let see for a while, `[data-over="time"]`, does not stay on the screen when the time is over: the page
 * is loaded anew, and the server says what is left of it. What was being typed is kept (drafts.js).
 */

const LOOK = 2_000;

function leaveWhenOver() {
  for (const element of document.querySelectorAll("[data-over]")) {
    if (Date.parse(element.dataset.over) > Date.now()) continue;
    delete element.dataset.over;
    location.reload();
  }
}

export function wireOver() {
  setInterval(leaveWhenOver, LOOK);
}
