/**
 * Back and forward between the states of a list that share one document (`#queue`, whose links push their address). The
 * list of the address one has arrived at is fetched anew; going on before it is there gives up the one before, so that
 * address and rows always agree.
 */
const LIST = "#queue";
const path = () => location.pathname + location.search;

/** @type {AbortController | null} */
let request = null;
/** @type {Set<XMLHttpRequest>} requests of HTMX under way that would swap the list */
const swaps = new Set();

async function show() {
  request?.abort();
  request = new AbortController();
  for (const xhr of swaps) xhr.abort();
  const list = document.querySelector(LIST);
  if (!list) return location.reload();
  list.ariaBusy = "true";
  try {
    const answer = await fetch(path(), { signal: request.signal, headers: { Accept: "text/html" }, cache: "no-store" });
    const text = await answer.text();
    const page = new DOMParser().parseFromString(text, "text/html");
    if (!page.querySelector(LIST)) return location.reload();
    document.title = page.title;
    window.htmx.swap(LIST, text, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 0 }, { select: LIST });
  } catch (error) {
    if (error.name !== "AbortError") location.reload();
  }
}

export function wireHistory() {
  addEventListener(
    "popstate",
    (event) => {
      // HTMX would reload the page, which a second step back overtakes
      event.stopImmediatePropagation();
      show();
    },
    { capture: true },
  );
  document.body.addEventListener("htmx:beforeSend", ({ detail }) => {
    if (detail.target?.matches?.(LIST)) swaps.add(detail.xhr);
  });
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => swaps.delete(detail.xhr));
}
