/**
 * Long work that goes on in the background: bulk acts, exports. A response names the address of its notice in the
 * HX-Trigger header ({"watchfloor:job": {"url": …}}); the notice stands at the foot of every page, after a reload and in
 * other tabs as well, until it says what came of the work. Which work goes on is kept in the browser, by person; the
 * server knows the rest. A notice that has nothing to show yet is hidden, and asks again by itself like any other.
 */
const KEY = `watchfloor:jobs:${document.body.dataset.person ?? ""}`;
const MOST = 8;
const ADDRESS = /^\/[\w-]+(\/[\w-]+)*\/$/;

function running() {
  try {
    const urls = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(urls) ? urls.filter((url) => ADDRESS.test(url)) : [];
  } catch {
    return [];
  }
}

function keep(urls) {
  try {
    if (urls.length > 0) localStorage.setItem(KEY, JSON.stringify(urls.slice(-MOST)));
    else localStorage.removeItem(KEY);
  } catch {
    // without storage the notice ends with the page
  }
}

/** Ask for the notice of a job; it then asks again by itself. */
async function follow(url) {
  const place = document.getElementById("toasts");
  if (!place || place.querySelector(`[data-job="${url}"]`)) return;
  const answer = await fetch(url, { redirect: "manual" }).catch(() => null);
  if (answer?.status === 404 || answer?.status === 403) keep(running().filter((one) => one !== url));
  if (!answer?.ok) return;
  const pattern = document.createElement("template");
  pattern.innerHTML = (await answer.text()).trim();
  const toast = pattern.content.querySelector(".toast");
  if (!toast) return;
  place.append(toast);
  window.htmx?.process(toast);
  ended(place);
}

/** A job that is over is not asked for any more; what shows what it did brings itself up to date. */
function ended(place) {
  const urls = running();
  const over = [...place.querySelectorAll("[data-job-over]")].filter((toast) => urls.includes(toast.dataset.jobOver));
  if (over.length === 0) return;
  keep(urls.filter((url) => !over.some((toast) => toast.dataset.jobOver === url)));
  const events = over.map((toast) => toast.dataset.jobEvent).filter(Boolean);
  for (const event of new Set(events)) window.htmx?.trigger(document.body, event);
}

export function wireJobs() {
  const place = document.getElementById("toasts");
  if (!place || !document.body.dataset.person) return;
  for (const url of running()) follow(url);
  document.body.addEventListener("watchfloor:job", (event) => {
    keep([...running().filter((one) => one !== event.detail.url), event.detail.url]);
    follow(event.detail.url);
  });
  document.body.addEventListener("htmx:afterSwap", () => ended(place));
  addEventListener("storage", (event) => {
    if (event.key === KEY) for (const url of running()) follow(url);
  });
}
