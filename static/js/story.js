/**
 * Makes the attack story move: zoom, drag and arrow keys in its picture, play through time, and what an alert touches
 * lit up while the pointer or the focus is on it, as the alerts that touch a thing. Without script the page has it all as
 * links: `?until=5` shows the story up to the fifth alert.
 *
 * Everything of the picture that comes from alerts carries their positions in `data-steps`. `is-later` dims what comes
 * after the moment shown, `is-now` is what its alert touches, `is-lit` what is looked at.
 */
const BEAT = 1100;
const SMALLEST = 0.3;
const LARGEST = 2.5;
const READABLE = 0.72;
const DRAG_FROM = 4;

/** What a person has done to the story that is shown. */
let shown = { picture: undefined, scale: 1, timer: 0 };

const root = () => document.querySelector("[data-story]");
const picture = () => root()?.querySelector(".story-picture");
const range = () => root()?.querySelector("[data-story-range]");
const parts = () => [...(picture()?.querySelectorAll("[data-steps]") ?? [])];
const nodes = () => [...(picture()?.querySelectorAll("a.story-node") ?? [])];
const rows = () => [...(root()?.querySelectorAll("[data-step]") ?? [])];
const stepsOf = (part) => part.dataset.steps.split(" ").map(Number);

// --- time --------------------------------------------------------------------------------------------------------

/** Show the story up to the alert at this position; of the last, the whole. @param {number} until */
function showUntil(until) {
  const total = Number(root().dataset.total);
  const whole = until >= total && !shown.timer;
  for (const part of parts()) {
    const steps = stepsOf(part);
    part.classList.toggle("is-later", steps[0] > until);
    part.classList.toggle("is-now", !whole && steps.includes(until));
  }
  for (const row of rows()) {
    const step = Number(row.dataset.step);
    row.classList.toggle("is-later", step > until);
    row.classList.toggle("is-now", !whole && step === until);
    const title = row.querySelector(".story-title");
    if (!whole && step === until) title.setAttribute("aria-current", "step");
    else title.removeAttribute("aria-current");
  }
  say(until, total, whole);
}

function say(until, total, whole) {
  const field = range();
  if (!field) return;
  const row = root().querySelector(`[data-step="${until}"]`);
  const title = row ? `, ${row.dataset.at}, ${row.querySelector(".story-title").textContent}` : "";
  field.value = String(until);
  field.setAttribute("aria-valuetext", whole ? `All ${total} alerts` : `Alert ${until} of ${total}${title}`);
  const place = root().querySelector("[data-story-at]");
  place.textContent = whole ? `All ${total.toLocaleString("en")} alerts` : `Alert ${until.toLocaleString("en")} of ${total.toLocaleString("en")}`;
}

function go(until) {
  const total = Number(root().dataset.total);
  showUntil(Math.min(Math.max(until, 1), total));
}

function play() {
  const total = Number(root().dataset.total);
  if (shown.timer) return stop();
  if (Number(range().value) >= total) range().value = "0";
  shown.timer = setInterval(() => {
    if (!root() || Number(range().value) >= total) return stop();
    step();
  }, BEAT);
  label("Pause", true);
  step();
}

function step() {
  const until = Number(range().value) + 1;
  go(until);
  reveal(until);
}

function stop() {
  clearInterval(shown.timer);
  shown.timer = 0;
  if (!root()) return;
  label("Play", false);
  if (range()) go(Number(range().value));
}

function label(words, isPlaying) {
  const button = root().querySelector("[data-story-play]");
  if (!button) return;
  button.querySelector(".button-label").textContent = words;
  button.title = words;
  button.setAttribute("aria-pressed", String(isPlaying));
}

/** Bring what the alert touches into the window, if none of it is there. */
function reveal(until) {
  const touched = nodes().filter((node) => stepsOf(node).includes(until));
  const box = windowOf()?.getBoundingClientRect();
  if (!box || !touched.length) return;
  const isInside = (node) => {
    const own = node.getBoundingClientRect();
    return own.left >= box.left && own.right <= box.right && own.top >= box.top && own.bottom <= box.bottom;
  };
  if (!touched.some(isInside)) scrollTo(touched[0]);
}

function scrollTo(node) {
  const place = windowOf();
  // in the picture's own measure: right after a zoom Chromium still tells the old places on the screen
  const own = node.getBBox();
  place.scrollLeft = (own.x + own.width / 2) * shown.scale - place.clientWidth / 2;
  place.scrollTop = (own.y + own.height / 2) * shown.scale - place.clientHeight / 2;
}

// --- what belongs together ------------------------------------------------------------------------------------------

function light(isLit) {
  const drawn = parts();
  const lit = drawn.filter(isLit);
  for (const part of drawn) part.classList.toggle("is-lit", lit.includes(part));
  picture()?.classList.toggle("has-lit", lit.length > 0);
}

function unlight() {
  light(() => false);
  for (const row of rows()) row.classList.remove("is-lit");
}

/** An alert: all that it names and ties. */
function lightStep(position) {
  light((part) => stepsOf(part).includes(position));
}

/** A thing: its lines, what they lead to, and the alerts that name it. */
function lightNode(node) {
  const key = node.dataset.node;
  const lines = [...picture().querySelectorAll(".story-line")].filter(
    (line) => line.dataset.from === key || line.dataset.to === key,
  );
  const near = new Set([key, ...lines.flatMap((line) => [line.dataset.from, line.dataset.to])]);
  light((part) => lines.includes(part) || near.has(part.dataset.node));
  const steps = new Set(stepsOf(node));
  for (const row of rows()) row.classList.toggle("is-lit", steps.has(Number(row.dataset.step)));
}

function lookAt(target) {
  const node = target.closest?.("a.story-node");
  const row = target.closest?.("[data-step]");
  if (node) lightNode(node);
  else if (row) lightStep(Number(row.dataset.step));
}

// --- moving in the picture -------------------------------------------------------------------------------------------

const windowOf = () => root()?.querySelector("[data-story-window]");
const natural = (side) => Number(picture().getAttribute("viewBox").split(" ")[side === "width" ? 2 : 3]);

/** @param {number} scale @param {{x: number, y: number}} [at] the point of the window that stays where it is */
function zoom(scale, at) {
  const place = windowOf();
  const to = Math.min(Math.max(scale, SMALLEST), LARGEST);
  const point = at ?? { x: place.clientWidth / 2, y: place.clientHeight / 2 };
  const ratio = to / shown.scale;
  const left = (place.scrollLeft + point.x) * ratio - point.x;
  const top = (place.scrollTop + point.y) * ratio - point.y;
  shown.scale = to;
  picture().setAttribute("width", String(natural("width") * to));
  picture().setAttribute("height", String(natural("height") * to));
  place.scrollLeft = left;
  place.scrollTop = top;
}

function whole() {
  const place = windowOf();
  return Math.min(place.clientWidth / natural("width"), (innerHeight * 0.66) / natural("height"), 1);
}

function zoomBy(word) {
  if (word === "fit") zoom(whole());
  else zoom(shown.scale * (word === "in" ? 1.25 : 0.8));
}

/** Of the nodes in this direction the nearest, those straight ahead before those aside. */
function neighbour(node, key) {
  const middle = (one) => {
    const box = one.querySelector(".story-form").getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  };
  const here = middle(node);
  const [ahead, aside] = key === "ArrowLeft" || key === "ArrowRight" ? ["x", "y"] : ["y", "x"];
  const sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
  let best = null;
  for (const one of nodes()) {
    const there = middle(one);
    const forward = (there[ahead] - here[ahead]) * sign;
    if (one === node || forward < 8) continue;
    const far = forward + 2 * Math.abs(there[aside] - here[aside]);
    if (!best || far < best.far) best = { one, far };
  }
  return best?.one;
}

function focusNode(node) {
  for (const one of nodes()) one.setAttribute("tabindex", one === node ? "0" : "-1");
  node.focus({ preventScroll: true });
  node.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const place = event.target.closest?.("[data-story-window]");
  if (!place) return;
  const node = event.target.closest("a.story-node");
  const zooms = { "+": "in", "=": "in", "-": "out", 0: "fit" };
  if (event.key in zooms) zoomBy(zooms[event.key]);
  else if (node && event.key.startsWith("Arrow")) {
    const next = neighbour(node, event.key);
    if (next) focusNode(next);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function onWheel(event) {
  const place = event.target.closest?.("[data-story-window]");
  if (!place || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  const box = place.getBoundingClientRect();
  zoom(shown.scale * Math.exp(-event.deltaY / 400), { x: event.clientX - box.left, y: event.clientY - box.top });
}

let drag = null;

function onPointerDown(event) {
  const place = event.target.closest?.("[data-story-window]");
  if (!place || event.button !== 0 || event.pointerType === "touch") return;
  drag = { place, x: event.clientX, y: event.clientY, left: place.scrollLeft, top: place.scrollTop, moved: false };
}

function onPointerMove(event) {
  if (!drag) return;
  const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
  if (!drag.moved && Math.hypot(x, y) < DRAG_FROM) return;
  drag.moved = true;
  drag.place.classList.add("is-moving");
  drag.place.scrollLeft = drag.left - x;
  drag.place.scrollTop = drag.top - y;
}

function onPointerUp() {
  drag?.place.classList.remove("is-moving");
  // the click that ends a drag opens nothing
  if (drag?.moved) addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }));
  drag = null;
}

function swallow(event) {
  if (event.target.closest?.("[data-story-window]")) {
    event.preventDefault();
    event.stopPropagation();
  }
}

// --- wiring ------------------------------------------------------------------------------------------------------------

/** Which of picture and table a card shows, once it has been fetched. */
function onFetched(event) {
  const segment = event.detail.elt?.closest?.("[data-story] [data-segment]");
  for (const one of segment?.parentElement.children ?? []) {
    if (one === segment) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
}

function onClick(event) {
  const story = event.target.closest?.("[data-story]");
  if (!story || event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
  const zoomer = event.target.closest("[data-story-zoom]");
  const stepper = event.target.closest("[data-story-step]");
  const goer = event.target.closest("[data-story-go]");
  if (zoomer) return zoomBy(zoomer.dataset.storyZoom);
  if (event.target.closest("[data-story-play]")) return play();
  if (!stepper && !goer) return;
  event.preventDefault();
  event.stopPropagation();
  if (shown.timer) stop();
  const until = goer ? Number(goer.dataset.storyGo) : Number(range().value) + Number(stepper.dataset.storyStep);
  go(until);
  if (picture()) reveal(until);
}

/** A story that has come onto the page, or has been brought up to date. */
function prepare() {
  const story = root();
  if (!story) return stop();
  const isNew = shown.picture !== picture();
  if (isNew) {
    stop();
    shown = { picture: picture(), scale: 1, timer: 0 };
  }
  for (const tool of story.querySelectorAll("[data-story-tools], [data-story-play]")) tool.hidden = !picture();
  if (picture()) {
    windowOf().classList.add("is-movable");
    zoom(isNew ? Math.max(whole(), READABLE) : shown.scale);
    const all = nodes();
    if (isNew && all.length) scrollTo(nodes().find((node) => node.classList.contains("is-now")) ?? all[0]);
    for (const node of all) node.setAttribute("tabindex", node === all[0] ? "0" : "-1");
  }
  if (!isNew && range()) showUntil(Number(range().value));
}

export function wireStory() {
  prepare();
  document.addEventListener("htmx:afterSettle", () => shown.picture !== picture() && prepare());
  document.addEventListener("htmx:afterRequest", onFetched);
  document.addEventListener("watchfloor:renewed", () => {
    const segment = root()?.querySelector("[data-segment][aria-current]");
    if (segment) window.htmx?.trigger(segment, "watchfloor:again");
    else if (root()) prepare();
  });
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("wheel", onWheel, { passive: false });
  document.addEventListener("pointerdown", onPointerDown);
  document.addEventListener("pointermove", onPointerMove);
  document.addEventListener("pointerup", onPointerUp);
  document.addEventListener("pointercancel", onPointerUp);
  document.addEventListener("dragstart", (event) => event.target.closest?.("[data-story-window]") && event.preventDefault());
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("[data-story-range]")) return;
    if (shown.timer) stop();
    go(Number(event.target.value));
  });
  for (const [enter, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    document.addEventListener(enter, (event) => event.target.closest?.("[data-story]") && lookAt(event.target));
    document.addEventListener(leave, (event) => event.target.closest?.("[data-story]") && unlight());
  }
}
