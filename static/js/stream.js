/**
 * The activity while it is read: what others add does not move it. `[data-stream]` holds a list of entries; a newer
 * version of the page, before it is shown, is relieved of the acts that the reader has not seen, and the bar
 * “n new entries, show” (`data-held-bar`) counts them. What the reader did themselves (`data-mine`) shows at once, as
 * does what follows at the end of a list with the oldest first, since it moves nothing.
 */
import { announce } from "./toast.js";

/** The newest version of the stream, which the bar shows. @type {Element | null} */
let held = null;

const streamOf = (page) => page.querySelector("[data-stream]");
const actsOf = (stream) => [...(stream?.querySelectorAll(":scope > .entries > .entry") ?? [])];

/** An act of very many of which more was loaded stays as it is: what was recorded does not change.
 * @param {Element} shown @param {Element} fresh */
function keepLoaded(shown, fresh) {
  for (const act of actsOf(shown)) {
    const same = act.id && fresh.querySelector(`:scope > .entries > #${CSS.escape(act.id)}`);
    const inner = (one) => one.querySelectorAll(".entries > .entry").length;
    if (same && inner(act) > inner(same)) same.replaceWith(act.cloneNode(true));
  }
}

/** @param {CustomEvent<{fresh: Element}>} event */
function hold(event) {
  const shown = streamOf(event.target);
  const fresh = streamOf(event.detail.fresh);
  if (!shown || !fresh) return;
  keepLoaded(shown, fresh);
  if (shown.dataset.stream !== "newest") return;
  const known = new Set(actsOf(shown).map((act) => act.id));
  const acts = actsOf(fresh);
  // what came before the newest one that is shown is older, not new: a filter or a page may have let it in
  const end = acts.findIndex((act) => known.has(act.id));
  const others = acts.slice(0, end < 0 ? acts.length : end).filter((act) => !act.hasAttribute("data-mine"));
  if (!known.size || !others.length) return;
  held = fresh.cloneNode(true);
  for (const act of others) act.remove();
  const bar = fresh.querySelector("[data-held-bar]");
  const was = shown.querySelector("[data-held-bar]")?.textContent;
  bar.hidden = false;
  bar.textContent = `${others.length} new ${others.length === 1 ? "entry" : "entries"}, show`;
  if (was !== bar.textContent) announce(bar.textContent);
}

/** Show what was held back, and lead the reader to it. */
function show(event) {
  const bar = event.target.closest("[data-stream] [data-held-bar]");
  if (!bar || event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0 || !held) return;
  event.preventDefault();
  const stream = bar.closest("[data-stream]");
  const fresh = held;
  held = null;
  stream.replaceWith(fresh);
  window.htmx?.process(fresh);
  const first = actsOf(fresh)[0];
  first?.setAttribute("tabindex", "-1");
  first?.focus({ preventScroll: true });
  fresh.scrollIntoView({ block: "nearest" });
}

export function wireStream() {
  document.addEventListener("watchfloor:renewing", hold);
  document.addEventListener("click", show);
}
