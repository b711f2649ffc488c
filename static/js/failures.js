/** What to do when a request of HTMX fails: tell the person, keep what they typed, never swap an error into a list. */
import { showToast } from "./toast.js";

const ADVICE = {
  400: "That was not understood. Check what you entered and try again.",
  401: "You are signed out. Sign in in another tab, then try again here; what you typed is kept.",
  403: "You may not do this. If you were signed out meanwhile, reload the page; what you typed is kept.",
  404: "This is no longer here, or you may no longer see it. Reload the page.",
  409: "Someone changed this meanwhile. Reload the page to see their change.",
  413: "That is too large to be sent.",
  422: "That was not accepted. Check what you entered and try again.",
  429: "Too many requests. Wait a moment, then try again.",
};

/** @param {number} status */
function advice(status) {
  return ADVICE[status] ?? "Something went wrong on the server and nothing was saved. Try again in a moment.";
}

export function wireFailures() {
  const body = document.body;
  body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    const html = (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/html");
    // a conflict or a refused form carries its own explanation for the target, unless it is no HTML or empty
    if ([409, 422].includes(xhr.status) && !(html && xhr.response.trim())) {
      event.detail.shouldSwap = false;
      showToast(advice(xhr.status), { kind: "error" });
    }
    // after the session ended, the sign-in page would arrive where a fragment was meant to be: go there instead
    if (xhr.status === 200 && new URL(xhr.responseURL || location.href).pathname.startsWith("/accounts/login")) {
      event.detail.shouldSwap = false;
      showToast(advice(401), { kind: "error" });
    }
  });
  body.addEventListener("htmx:responseError", (event) => {
    showToast(advice(event.detail.xhr.status), { kind: "error" });
  });
  body.addEventListener("htmx:sendError", () => {
    showToast("The server cannot be reached. Check your connection, then try again; nothing was saved.", {
      kind: "error",
    });
  });
  body.addEventListener("htmx:timeout", () => {
    showToast("The server took too long to answer. Reload the page to see whether it was saved.", { kind: "error" });
  });
}
