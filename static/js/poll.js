/**
 * Asks “what changed since moment N” and tells the page: every 3 s while the tab is visible and in use, every 15 s
 * otherwise, never while it is hidden. The address is `data-changes-url`, the moment `data-last-entry`, beside a list or
 * on an incident's page; other pages ask for their bell alone (`data-poll-url` of the body). The question carries the
 * list's own query (`data-list`), the rows that are shown, what is open, and what the page knows of bell and people.
 *
 * 204 is nothing new; 200 is {"last_entry": N, "incidents": [number, …], "new": n, "arrived": [number, …],
 * "gone": [number, …], "all": bool, "unread": n, "here": "1.2", "people": [{name, mark}, …]}. Then
 *   - `watchfloor:changes` goes to the body with that answer,
 *   - `watchfloor:changed` goes to each element with `data-live="number"` named in it,
 *   - rows and details are refreshed in place (live.js),
 *   - the bar “n new incidents, show” appears (`data-new-bar`, `data-new-count`, `data-new-plural`).
 * When the moment moves on, whatever happened, `watchfloor:moment` says so.
 * When the server is away, a sign says so; nothing is missed, since the moment stays until an answer moves it on.
 */
import { list, markLost, openNumber, refresh, showPresence, showUnread, shownNumbers } from "./live.js";
import { saySignedOut } from "./failures.js";
import { announce } from "./toast.js";

const IN_USE = 3_000;
const FIRST = 600;
const AT_REST = 15_000;
const REST_AFTER = 60_000;
const LONGEST_WAIT = 60_000;
const MOST_SHOWN = 400;

export function wirePoll() {
  const place = document.querySelector("[data-changes-url]");
  const url = place?.dataset.changesUrl ?? document.body.dataset.pollUrl;
  if (!url) return;
  let since = place?.dataset.lastEntry ?? "now";
  let failures = 0;
  let touched = Date.now();
  let timer = 0;
  let asking = false;
  let stopped = false;
  let open = "";
  let here = "";
  let unread = document.body.dataset.unread ?? "0";
  let listed = list();
  /** @type {Set<string>} incidents that the list would show but does not yet */
  let fresh = new Set();

  const wait = () => {
    const pace = Date.now() - touched < REST_AFTER ? IN_USE : AT_REST;
    return failures ? Math.min(LONGEST_WAIT, pace * 2 ** (failures - 1)) : pace;
  };
  const plan = (time = wait()) => {
    clearTimeout(timer);
    if (!document.hidden && !stopped) timer = setTimeout(ask, time);
  };

  function question() {
    const address = new URL(url, location.href);
    const add = (name, value) => value && address.searchParams.set(name, value);
    const now = openNumber();
    if (open && open !== now) add("left", open);
    if (open !== now) here = "";
    open = now;
    address.searchParams.set("since", since);
    address.searchParams.set("unread", unread);
    add("open", open);
    add("here", here);
    const shown = list();
    if (shown) {
      address.searchParams.set("list", shown.dataset.list ?? "");
      add("shown", shownNumbers().slice(0, MOST_SHOWN).join(","));
      if ("listWhole" in shown.dataset) address.searchParams.set("whole", "");
    }
    return address;
  }

  async function ask() {
    if (asking || document.hidden || stopped) return;
    asking = true;
    const asked = { list: list(), open: openNumber() };
    try {
      const answer = await fetch(question(), { headers: { Accept: "application/json" }, redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        stopped = true;
        saySignedOut();
      } else if (answer.status === 200) await tell(await answer.json(), asked);
      else if (answer.status === 204) moveOn(answer.headers.get("X-Last-Entry"));
      else throw new Error(String(answer.status));
      failures = 0;
    } catch {
      failures = Math.min(failures + 1, 6);
    } finally {
      asking = false;
      showOffline(failures > 0);
      plan();
    }
  }

  function moveOn(moment) {
    if (!moment) return;
    if (moment !== since) document.body.dispatchEvent(new CustomEvent("watchfloor:moment"));
    since = moment;
    if (place) place.dataset.lastEntry = since;
  }

  /** @param {Record<string, any>} changes */
  async function tell(changes, asked) {
    if (asked.list === list()) await bringUpToDate(changes);
    else await refresh(changes.incidents);
    // only now: an answer that could not be shown is asked for again
    moveOn(String(changes.last_entry));
    if (asked.open === openNumber()) {
      here = changes.here ?? "";
      showPresence(changes.people ?? [], asked.open);
    }
    unread = String(changes.unread ?? 0);
    showUnread(Number(unread));
    if (!changes.incidents.length && !changes.gone?.length && !changes.all) return;
    document.body.dispatchEvent(new CustomEvent("watchfloor:changes", { detail: changes }));
    for (const id of changes.incidents) {
      for (const live of document.querySelectorAll(`[data-live="${CSS.escape(String(id))}"]`)) {
        live.dispatchEvent(new CustomEvent("watchfloor:changed", { detail: changes }));
      }
    }
  }

  async function bringUpToDate(changes) {
    const arrived = new Set((changes.arrived ?? []).map(String));
    for (const number of changes.incidents) {
      if (arrived.has(String(number))) fresh.add(String(number));
      else fresh.delete(String(number));
    }
    for (const number of changes.gone ?? []) markLost(number);
    if (changes.incidents.length || changes.all || changes.gone?.length) {
      await refresh(changes.incidents, { all: changes.all, count: true });
    }
    showBar();
  }

  function showBar() {
    const bar = document.querySelector("[data-new-bar]");
    if (!bar) return;
    for (const number of shownNumbers()) fresh.delete(number);
    const was = bar.hidden ? "" : bar.querySelector("[data-new-count]").textContent;
    bar.hidden = fresh.size === 0;
    if (bar.hidden || was === String(fresh.size)) return;
    bar.querySelector("[data-new-count]").textContent = String(fresh.size);
    bar.querySelector("[data-new-plural]").hidden = fresh.size === 1;
    announce(bar.innerText.trim());
  }

  function showOffline(away) {
    const sign = document.getElementById("offline");
    if (sign) sign.hidden = !away;
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
  addEventListener("online", () => ask());
  document.addEventListener("click", (event) => {
    const bar = event.target.closest("[data-new-bar]");
    if (!bar) return;
    fresh.clear();
    bar.hidden = true;
  });
  document.body.addEventListener("watchfloor:bell", (event) => (unread = String(event.detail.unread)));
  // a response that redrew the list may say up to which moment it is right
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const entry = event.target.querySelector?.("[data-list-entry]")?.dataset.listEntry;
    if (entry && Number(entry) > Number(since)) since = entry;
    if (listed !== list()) {
      listed = list();
      fresh = new Set();
    }
    // what has just been opened is told to the others soon, and they to us
    if (openNumber() && openNumber() !== open) plan(400);
  });
  plan(FIRST);
}
