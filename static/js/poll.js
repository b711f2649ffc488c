/**
 * Asks “what changed since entry N” and tells the page. On an element with `data-changes-url` and `data-last-entry`:
 * every 3 s while the tab is visible and in use, every 15 s otherwise, never while it is hidden. 204 is nothing new;
 * 200 is {"last_entry": N, "incidents": [id, …], "new": n}. Then
 *   - `watchfloor:changes` goes to the body with that answer,
 *   - `watchfloor:changed` goes to each element with `data-live="id"` named in it (for hx-trigger),
 *   - the bar “n new incidents, show” appears (`data-new-bar`, `data-new-count`, `data-new-plural`).
 */
import { announce, showToast } from "./toast.js";

const IN_USE = 3_000;
const AT_REST = 15_000;
const REST_AFTER = 60_000;
const LONGEST_WAIT = 60_000;

export function wirePoll() {
  const element = document.querySelector("[data-changes-url]");
  if (!element) return;
  let since = element.dataset.lastEntry ?? "0";
  let fresh = 0;
  let failures = 0;
  let touched = Date.now();
  let timer = 0;
  let asking = false;
  let stopped = false;

  const wait = () => {
    const pace = Date.now() - touched < REST_AFTER ? IN_USE : AT_REST;
    return failures ? Math.min(LONGEST_WAIT, pace * 2 ** failures) : pace;
  };
  const plan = () => {
    clearTimeout(timer);
    if (!document.hidden && !stopped) timer = setTimeout(ask, wait());
  };

  async function ask() {
    if (asking || document.hidden || stopped) return;
    asking = true;
    try {
      const address = new URL(element.dataset.changesUrl, location.href);
      address.searchParams.set("since", since);
      const answer = await fetch(address, { headers: { Accept: "application/json" }, redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        stopped = true;
        showToast("You are signed out. Reload the page to sign in again; what you typed is kept.", { kind: "warning" });
      } else if (answer.status === 200) tell(await answer.json());
      else if (!answer.ok && answer.status !== 304) throw new Error(String(answer.status));
      failures = 0;
    } catch {
      failures = Math.min(failures + 1, 6);
    } finally {
      asking = false;
      plan();
    }
  }

  /** @param {{last_entry: number, incidents: (number | string)[], new: number}} changes */
  function tell(changes) {
    since = String(changes.last_entry);
    element.dataset.lastEntry = since;
    document.body.dispatchEvent(new CustomEvent("watchfloor:changes", { detail: changes }));
    for (const id of changes.incidents) {
      for (const live of document.querySelectorAll(`[data-live="${CSS.escape(String(id))}"]`)) {
        live.dispatchEvent(new CustomEvent("watchfloor:changed", { detail: changes }));
      }
    }
    if (changes.new > 0) {
      fresh += changes.new;
      showBar();
    }
  }

  function showBar() {
    const bar = document.querySelector("[data-new-bar]");
    if (!bar) return;
    bar.querySelector("[data-new-count]").textContent = String(fresh);
    bar.querySelector("[data-new-plural]").hidden = fresh === 1;
    bar.hidden = false;
    announce(bar.innerText.trim());
  }

  const use = () => {
    const rested = Date.now() - touched >= REST_AFTER;
    touched = Date.now();
    if (rested) plan();
  };
  for (const kind of ["pointermove", "pointerdown", "keydown", "scroll"]) {
    document.addEventListener(kind, use, { passive: true, capture: true });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else ask();
  });
  document.addEventListener("click", (event) => {
    const bar = event.target.closest("[data-new-bar]");
    if (!bar) return;
    fresh = 0;
    bar.hidden = true;
  });
  // a response that redrew the list may say up to which entry it is right
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const entry = event.target.querySelector?.("[data-list-entry]")?.dataset.listEntry;
    if (entry && Number(entry) > Number(since)) since = entry;
  });
  plan();
}
