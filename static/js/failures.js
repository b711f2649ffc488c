/**
 * What to do when a request of HTMX fails: tell the person, keep what they typed, never swap an error into a list. A form
 * with a `data-failed` notice says so itself and offers to try again; else a toast does.
 */
import { showToast } from "./toast.js";

const ADVICE = {
  400: "That was not understood. Check what you entered and try again.",
  401: "You are signed out. Sign in again; what you typed is kept.",
  403: "You may not do this. If you were signed out meanwhile, reload the page; what you typed is kept.",
  404: "This is no longer here, or you may no longer see it. Reload the page.",
  409: "Someone changed this meanwhile. Reload the page to see their change.",
  413: "That is too large to be sent.",
  422: "That was not accepted. Check what you entered and try again.",
  503: "The portal is busy or cannot work at the moment. Try again in a few seconds.",
  429: "Too many requests. Wait a moment, then try again.",
};
const UNKNOWN = "Something went wrong on the server. Look whether it was saved, then try again.";
const LONGEST = 600;

// what the page asks for by itself, without a person's hand; `load` comes without an event
const BY_ITSELF = new Set([undefined, "intersect", "hx:poll:trigger", "watchfloor:changes", "watchfloor:saved"]);

let saidSignedOut = false;

/** Says it once, and leaves the page as it is: what the person is typing must not go with a request they did not make. */
export function saySignedOut() {
  if (saidSignedOut) return;
  saidSignedOut = true;
  showToast("You are signed out. Reload the page to sign in again; what you typed is kept.", { kind: "warning" });
}

/** What the server says in its own words (common/failures.py), else what the status means. @param {XMLHttpRequest} xhr */
function advice(xhr) {
  const plain = (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/plain") ? xhr.response.trim() : "";
  const words = plain && plain.length < LONGEST ? plain : (ADVICE[xhr.status] ?? UNKNOWN);
  const name = xhr.status >= 500 ? xhr.getResponseHeader("X-Request-ID") : "";
  return name ? `${words} (Request ${name})` : words;
}

/** At the form that was sent, where it has a place for it. */
function tell(event, text) {
  const notice = event.target.matches?.("form") && event.target.querySelector("[data-failed]");
  if (!notice) return showToast(text, { kind: "error" });
  notice.querySelector("[data-failed-text]").textContent = text;
  notice.hidden = false;
  notice.scrollIntoView({ block: "nearest" });
}

export function wireFailures() {
  const body = document.body;
  body.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (xhr.status !== 401 || !BY_ITSELF.has(requestConfig.triggeringEvent?.type)) return;
    event.preventDefault();
    saySignedOut();
  });
  body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    const html = (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/html");
    // a conflict or a refused form carries its own explanation for the target, unless it is no HTML or empty
    if ([409, 422].includes(xhr.status) && !(html && xhr.response.trim())) {
      event.detail.shouldSwap = false;
      showToast(advice(xhr), { kind: "error" });
    }
    // the session has ended and something on the way has led to the sign-in page: the whole page goes there, and back
    const signIn = body.dataset.signIn;
    if (signIn && new URL(xhr.responseURL || location.href, location.href).pathname === signIn) {
      event.detail.shouldSwap = false;
      location.assign(`${signIn}?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
  });
  body.addEventListener("htmx:responseError", (event) => {
    // signed out: the answer has sent the page to the sign-in already
    if (event.detail.xhr.getResponseHeader("HX-Redirect") || event.detail.xhr.getResponseHeader("HX-Refresh")) return;
    tell(event, advice(event.detail.xhr));
  });
  body.addEventListener("htmx:sendError", (event) => {
    tell(event, "The server cannot be reached. Check your connection, then try again; nothing is lost.");
  });
  body.addEventListener("htmx:timeout", (event) => {
    tell(event, "The server took too long to answer. Try again: what was saved already is not saved twice.");
  });
  body.addEventListener("htmx:beforeRequest", (event) => {
    const notice = event.target.querySelector?.(":scope [data-failed]");
    if (notice) notice.hidden = true;
  });
}
