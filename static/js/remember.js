/**
 * `details[data-remember="part"]` inside `data-remember-url`: the server is told when a person opens or closes one, so
 * that it stays so wherever they sign in.
 */
export function wireRemember() {
  document.addEventListener(
    "toggle",
    (event) => {
      const part = event.target instanceof HTMLDetailsElement && event.target.dataset.remember;
      const place = part && event.target.closest("[data-remember-url]");
      // a part that comes in open tells of itself, too
      if (!place || event.target.open === (event.target.dataset.was === "open")) return;
      event.target.dataset.was = event.target.open ? "open" : "closed";
      const headers = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
      const body = new URLSearchParams({ part, open: event.target.open ? "1" : "0" });
      fetch(place.dataset.rememberUrl, { method: "POST", headers, body, keepalive: true }).catch(() => {});
    },
    true,
  );
}
