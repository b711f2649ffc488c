/** Short messages at the foot of the page: announced politely, stay at least ten seconds, can be reached by keyboard. */

const SHORT = 10_000;
const LONG = 20_000;

/**
 * Show a message.
 * @param {string} text
 * @param {{kind?: "info"|"success"|"warning"|"error", undoUrl?: string, undoLabel?: string, undo?: () => void, moreUrl?: string, moreLabel?: string}} [options]
 * `undo` is what undoing does where the browser can do it alone; `moreUrl` leads to the whole story
 */
export function showToast(text, { kind = "info", undoUrl = "", undoLabel = "Undo", undo = undefined, moreUrl = "", moreLabel = "Details" } = {}) {
  const pattern = document.querySelector(`template[data-toast-kind="${kind}"]`);
  const place = document.getElementById("toasts");
  if (!(pattern instanceof HTMLTemplateElement) || !place) return;
  const toast = /** @type {HTMLElement} */ (pattern.content.firstElementChild?.cloneNode(true));
  toast.querySelector(".toast-text").textContent = text;
  if (moreUrl) {
    const more = Object.assign(document.createElement("a"), { href: moreUrl, textContent: moreLabel });
    more.className = "button button-quiet button-s";
    toast.querySelector(".toast-text").after(more);
  }
  const button = toast.querySelector("[data-toast-undo]");
  if (undo) {
    button.removeAttribute("hx-post");
    button.addEventListener("click", () => {
      close(toast);
      undo();
    });
  } else if (undoUrl) button.setAttribute("hx-post", undoUrl);
  else button?.remove();
  if (button) button.textContent = undoLabel;
  place.append(toast);
  window.htmx?.process(toast);
}

/** Say something to assistive technology only. @param {string} text */
export function announce(text) {
  const region = document.getElementById("live");
  if (region) region.textContent = text;
}

/** Start the clock of a toast; it stands still while the pointer or the focus is on it. Errors wait to be closed. */
function startClock(toast) {
  if (toast.dataset.timed !== undefined) return;
  toast.dataset.timed = "";
  if (toast.classList.contains("toast-error")) return;
  const time = toast.querySelector("[data-toast-undo]") ? LONG : SHORT;
  let timer = setTimeout(() => close(toast), time);
  const hold = () => clearTimeout(timer);
  const resume = () => {
    clearTimeout(timer);
    timer = setTimeout(() => close(toast), time);
  };
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("pointerleave", resume);
  toast.addEventListener("focusout", resume);
}

function close(toast) {
  if (toast.contains(document.activeElement)) document.getElementById("main")?.focus();
  toast.remove();
}

export function wireToasts() {
  const place = document.getElementById("toasts");
  if (!place) return;
  for (const toast of place.querySelectorAll("[data-toast]")) startClock(toast);
  new MutationObserver(() => {
    for (const toast of place.querySelectorAll("[data-toast]")) startClock(toast);
  }).observe(place, { childList: true });

  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-toast-close]");
    if (button) close(button.closest("[data-toast]"));
  });
  // an undo that worked has said what it had to say
  place.addEventListener("htmx:afterRequest", (event) => {
    const toast = event.target.closest("[data-toast]");
    if (toast && event.detail.successful) close(toast);
  });
  // a response may name a message in its HX-Trigger header: {"watchfloor:toast": {"text": …, "kind": …, "undo_url": …}}
  document.body.addEventListener("watchfloor:toast", (event) => {
    const { text, kind, undo_url: undoUrl, undo_label: undoLabel, more_url: moreUrl, more_label: moreLabel } = event.detail;
    showToast(text, { kind, undoUrl, undoLabel, moreUrl, moreLabel });
  });
}
