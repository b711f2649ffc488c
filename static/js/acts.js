/**
 * Bulk acts that run in the background. A response names one in its HX-Trigger header ({"watchfloor:act": {"id": …}});
 * its notice stands at the foot of every page, after a reload and in other tabs as well, until it is over, when it says
 * what came of it and offers to undo. Which acts run is kept in the browser, by person; the server knows the rest.
 */
const KEY = `watchfloor:acts:${document.body.dataset.person ?? ""}`;
const MOST = 5;

function running() {
  try {
    const ids = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(ids) ? ids.filter((id) => /^[0-9a-f-]{36}$/.test(id)) : [];
  } catch {
    return [];
  }
}

function keep(ids) {
  try {
    if (ids.length > 0) localStorage.setItem(KEY, JSON.stringify(ids.slice(-MOST)));
    else localStorage.removeItem(KEY);
  } catch {
    // without storage the notice ends with the page
  }
}

/** Ask for the notice of an act; it then asks again by itself. */
async function follow(id) {
  const place = document.getElementById("toasts");
  if (!place || place.querySelector(`[data-act="${id}"]`)) return;
  const answer = await fetch(`/incidents/acts/${id}/progress/`, { redirect: "manual" }).catch(() => null);
  if (answer?.status === 404 || answer?.status === 403) keep(running().filter((one) => one !== id));
  if (!answer?.ok) return;
  const pattern = document.createElement("template");
  pattern.innerHTML = (await answer.text()).trim();
  const toast = pattern.content.querySelector(".toast");
  if (!toast) return;
  place.append(toast);
  window.htmx?.process(toast);
  ended(place);
}

/** An act that is over is not asked for any more; the list beside it shows itself anew. */
function ended(place) {
  const ids = running();
  const over = [...place.querySelectorAll("[data-act-over]")].map((toast) => toast.dataset.actOver);
  const fresh = over.filter((id) => ids.includes(id));
  if (fresh.length === 0) return;
  keep(ids.filter((id) => !over.includes(id)));
  window.htmx?.trigger(document.body, "watchfloor:saved");
}

export function wireActs() {
  const place = document.getElementById("toasts");
  if (!place || !document.body.dataset.person) return;
  for (const id of running()) follow(id);
  document.body.addEventListener("watchfloor:act", (event) => {
    keep([...running().filter((one) => one !== event.detail.id), event.detail.id]);
    follow(event.detail.id);
  });
  document.body.addEventListener("htmx:afterSwap", () => ended(place));
  addEventListener("storage", (event) => {
    if (event.key === KEY) for (const id of running()) follow(id);
  });
}
