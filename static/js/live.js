/**
 * Brings what is shown up to date after the poll (poll.js) or an act of one's own has named incidents:
 *   - rows of the list in place, through `data-rows-url` of the list; none moves, one that no longer matches is dimmed;
 *   - each `[data-live="number"][data-live-url]`, such as the details in the pane and the incident's page;
 *   - who else is here, in `[data-presence="number"]`; the figure on the bell.
 * The answer to an act names them by `watchfloor:touched` {"incidents": [number, …]}.
 */
import { morph } from "./morph.js";

/** The list that is shown, if the page has one. @returns {HTMLElement | null} */
export const list = () => document.querySelector("[data-rows-url]");
const rowOf = (number) => document.querySelector(`tr[data-row][data-id="${CSS.escape(String(number))}"]`);

/** Numbers of the rows that are shown. @returns {string[]} */
export const shownNumbers = () => [...(list()?.querySelectorAll("tr[data-row]") ?? [])].map((row) => row.dataset.id);

/** The incident that is open, in the pane or as a page; "" for none. */
export function openNumber() {
  const place = [...document.querySelectorAll("[data-presence]")].find((one) => !one.closest("[data-pane][hidden]"));
  return place?.dataset.presence ?? "";
}

/** @param {string} url @param {Record<string, string>} [headers] */
async function fetchDocument(url, headers = {}) {
  const answer = await fetch(url, { headers, redirect: "manual" });
  if (answer.status !== 200) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/**
 * Refresh all that shows these incidents.
 * @param {(string | number)[]} numbers
 * @param {{all?: boolean, count?: boolean}} [more] all: every row; count: the list's figure, even without a row
 */
export async function refresh(numbers, { all = false, count = false } = {}) {
  const touched = new Set(numbers.map(String));
  // details first: having them before one's eyes takes the mark "unread" off the row
  await Promise.allSettled(
    [...document.querySelectorAll("[data-live][data-live-url]")]
      .filter((element) => !element.closest("[data-pane][hidden]") && (all || touched.has(element.dataset.live)))
      .map(refreshDetails),
  );
  const rows = shownNumbers().filter((number) => all || touched.has(number));
  if (list() && (rows.length || count)) await refreshRows(rows);
}

async function refreshDetails(element) {
  const whole = element.hasAttribute("data-live-page");
  // a page whose list was filtered meanwhile says so itself
  const url = element.querySelector("[data-page-url]")?.dataset.pageUrl ?? element.dataset.liveUrl;
  const came = await fetchDocument(url, whole ? {} : { "HX-Request": "true" });
  const fresh = whole ? came.getElementById(element.id) : came.querySelector(`[data-live="${element.dataset.live}"]`);
  // meanwhile the pane may show another one, or a form
  if (!fresh || !element.isConnected) return;
  element.dispatchEvent(new CustomEvent("watchfloor:renewing", { bubbles: true, detail: { fresh } }));
  // modules that have drawn into it draw again
  morph(element, fresh).dispatchEvent(new CustomEvent("watchfloor:renewed", { bubbles: true }));
}

async function refreshRows(numbers) {
  const place = list();
  const url = new URL(place.dataset.rowsUrl, location.href);
  url.searchParams.set("rows", numbers.join(","));
  url.searchParams.set("list", place.dataset.list ?? "");
  const came = await fetchDocument(url.href, { "HX-Request": "true" });
  if (!place.isConnected) return;
  for (const number of numbers) {
    const row = rowOf(number);
    const fresh = came.querySelector(`tr[data-row][data-id="${CSS.escape(number)}"]`);
    if (row && fresh) showChanged(row, fresh);
    else if (row) markLost(number);
  }
  const figure = came.getElementById("queue-count");
  if (figure) document.getElementById("queue-count")?.replaceWith(figure);
}

function showChanged(row, fresh) {
  if (row.isEqualNode(fresh)) return;
  const now = morph(row, fresh);
  now.classList.remove("row-changed");
  void now.offsetWidth;
  now.classList.add("row-changed");
  now.addEventListener("animationend", () => now.classList.remove("row-changed"), { once: true });
}

/** A row that the person may see no more: it stays where it is until the list is shown anew, without leading anywhere. */
export function markLost(number) {
  const row = rowOf(number);
  if (!row || row.classList.contains("row-lost")) return;
  row.classList.add("row-gone", "row-lost");
  const name = document.createElement("span");
  name.className = "cell-name";
  name.textContent = `#${number}`;
  row.querySelector(".cell-title")?.replaceChildren(name);
  row.querySelector("[data-select-row]")?.remove();
  delete row.dataset.paneUrl;
  delete row.dataset.href;
}

/** @param {{name: string, mark: string}[]} people @param {string} number */
export function showPresence(people, number) {
  for (const place of document.querySelectorAll("[data-presence]")) {
    const mine = place.dataset.presence === number ? people : [];
    place.hidden = mine.length === 0;
    place.replaceChildren();
    if (!mine.length) continue;
    const marks = document.createElement("span");
    marks.className = "presence-people";
    marks.ariaHidden = "true";
    // made by the server from the same template as everywhere
    marks.innerHTML = mine.slice(0, 4).map((one) => one.mark).join("");
    const words = document.createElement("span");
    words.textContent = inWords(mine.map((one) => one.name));
    place.append(marks, words);
  }
}

/** @param {string[]} names */
export function inWords(names) {
  const first = names.map((name) => name.split(" ")[0]);
  if (first.length === 1) return `${first[0]} is here`;
  if (first.length <= 3) return `${first.slice(0, -1).join(", ")} and ${first.at(-1)} are here`;
  return `${first.slice(0, 2).join(", ")} and ${first.length - 2} others are here`;
}

/** @param {number} unread */
export function showUnread(unread) {
  document.body.dataset.unread = String(unread);
  for (const bell of document.querySelectorAll("[data-bell]")) {
    const figure = bell.querySelector("[data-bell-count]");
    figure.textContent = unread > 99 ? "99+" : String(unread);
    figure.hidden = unread === 0;
    const words = unread === 0 ? "Notices" : `Notices, ${unread > 99 ? "more than 99" : unread} unread`;
    bell.querySelector(".visually-hidden").textContent = words;
    bell.title = words;
  }
}

/** The notices under the bell; with a modifier or without script the bell is a link to their page. */
function toggleBell(event) {
  const bell = event.target.closest("[data-bell]");
  const panel = document.getElementById("bell-panel");
  if (!bell || !panel || event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
  event.preventDefault();
  if (panel.matches(":popover-open")) return panel.hidePopover();
  document.getElementById("rail")?.hidePopover?.();
  panel.showPopover();
  window.htmx.ajax("GET", bell.href, { target: panel, swap: "innerHTML" }).then(() => panel.querySelector("a")?.focus());
  panel.addEventListener("toggle", () => bell.focus(), { once: true });
}

/** A row whose details are open has been seen. */
function markSeen(event) {
  const number = event.target.querySelector?.("[data-live][data-live-url]")?.dataset.live;
  const row = number && rowOf(number);
  if (!row) return;
  row.classList.remove("row-unread");
  row.querySelector("[data-unread]")?.remove();
}

/** The page of an incident shows a list of its own, such as its alerts: after a save of one's own it is drawn anew. */
function redrawPage() {
  const page = document.querySelector("[data-live-page]");
  if (page?.querySelector("[data-selection], [data-stream]")) refresh([page.dataset.live]).catch(() => {});
}

export function wireLive() {
  document.body.addEventListener("watchfloor:saved", redrawPage);
  document.body.addEventListener("watchfloor:touched", (event) => refresh(event.detail.incidents).catch(() => {}));
  document.body.addEventListener("watchfloor:bell", (event) => showUnread(event.detail.unread));
  document.body.addEventListener("htmx:afterSettle", markSeen);
  document.addEventListener("click", toggleBell);
}
