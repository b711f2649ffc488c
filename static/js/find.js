/**
 * A search field with `data-find-in="id"` hides, while somebody types, what in that element has `data-find` (words in
 * small letters) without all of theirs, groups (`data-find-group`) of which nothing is left, and shows
 * `[data-find-none]` when nothing is. Without script the form asks the server for the same. What an address names
 * (`#post_alerts`) is unfolded.
 */

/** @param {HTMLInputElement} field */
function narrow(field) {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const place = document.getElementById(field.dataset.findIn ?? "");
  if (!place) return;
  let found = 0;
  for (const each of place.querySelectorAll("[data-find]")) {
    each.hidden = !words.every((word) => each.dataset.find.includes(word));
    found += each.hidden ? 0 : 1;
  }
  for (const group of place.querySelectorAll("[data-find-group]")) {
    group.hidden = !group.querySelector("[data-find]:not([hidden])");
  }
  for (const none of document.querySelectorAll("[data-find-none]")) none.hidden = found > 0;
}

function unfold() {
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = named && named.closest("details");
  if (!folded) return;
  folded.open = true;
  named.scrollIntoView();
}

export function wireFind() {
  unfold();
  window.addEventListener("hashchange", unfold);
  document.addEventListener("input", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.dataset.findIn) narrow(event.target);
  });
}
