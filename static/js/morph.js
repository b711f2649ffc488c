/**
 * Makes an element that is on the page like a newer version of itself, changing no more than differs: the focus, what is
 * typed, ticked, opened and selected, and the place on the page stay as they are.
 */

/** What the person or a module has done to an element; the server does not know of it. */
const KEPT_CLASSES = ["row-open", "row-checked", "row-changed", "is-busy"];
const KEPT_ATTRIBUTES = new Set(["open", "tabindex", "aria-expanded", "aria-selected", "aria-busy"]);
/** Parts with a life of their own. */
const LEFT_ALONE = "[data-presence], [data-pane], [data-keep], [data-toast], dialog, [popover]";

/**
 * @param {Element} from on the page
 * @param {Element} to as it shall be; is taken apart
 * @returns {Element} what stands there now
 */
export function morph(from, to) {
  /** @type {Element[]} */
  const fresh = [];
  const now = morphElement(from, to, fresh);
  for (const element of fresh) if (element.isConnected) window.htmx?.process(element);
  return now;
}

function morphElement(from, to, fresh) {
  if (from.matches(LEFT_ALONE)) return from;
  if (from.nodeName !== to.nodeName || !sameRequests(from, to)) {
    if (isInUse(from)) return from;
    from.replaceWith(to);
    fresh.push(to);
    return to;
  }
  if (from.matches("input, textarea, select")) {
    morphField(from, to);
    return from;
  }
  copyAttributes(from, to);
  if (!from.isEqualNode(to)) morphChildren(from, to, fresh);
  return from;
}

/** HTMX has read these attributes already; an element with others has to be a new one. */
function sameRequests(from, to) {
  const requests = (element) =>
    [...element.attributes]
      .filter(({ name }) => name.startsWith("hx-"))
      .map(({ name, value }) => `${name}=${value}`)
      .sort()
      .join("\n");
  return requests(from) === requests(to);
}

/** Whether a field says something else than when it came. */
function isDirty(field) {
  if (field.matches("input[type=checkbox], input[type=radio]")) return field.checked !== field.defaultChecked;
  if (field.matches("select")) return [...field.options].some((one) => one.selected !== one.defaultSelected);
  return field.type !== "hidden" && field.value !== field.defaultValue;
}

/** Whether the person is at it: typing, or with something typed and not sent. */
export function isInUse(element) {
  if (element.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return true;
  const fields = element.matches("input, textarea, select") ? [element] : element.querySelectorAll("input, textarea, select");
  return [...fields].some((field) => !field.matches("[data-select-row], [data-select-page]") && isDirty(field));
}

function morphField(from, to) {
  if (from === document.activeElement || isDirty(from)) return;
  copyAttributes(from, to);
  if (from.matches("textarea")) from.defaultValue = to.defaultValue;
  if (from.matches("select")) from.replaceChildren(...to.childNodes);
}

function copyAttributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !KEPT_ATTRIBUTES.has(name)) from.removeAttribute(name);
  }
  const kept = KEPT_CLASSES.filter((name) => from.classList.contains(name));
  for (const { name, value } of [...to.attributes]) {
    if (!KEPT_ATTRIBUTES.has(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  if (kept.length) from.classList.add(...kept);
}

/** What tells an element from its neighbours of the same kind. @param {Node} node */
function keyOf(node) {
  if (!(node instanceof Element)) return "";
  const own = node.id || node.getAttribute("data-id") || node.getAttribute("data-part");
  return own || node.querySelector(":scope > .pane-title, :scope > .card-head")?.textContent.trim() || "";
}

function morphChildren(from, to, fresh) {
  const keyed = new Map([...from.children].map((child) => [keyOf(child), child]).filter(([key]) => key));
  /** @type {ChildNode | null} */
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = keyOf(wanted);
    let match = key ? keyed.get(key) : nextLike(at, wanted);
    if (!match) {
      from.insertBefore(wanted, at);
      if (wanted instanceof Element) fresh.push(wanted);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else from.insertBefore(match, at);
    if (wanted instanceof Element) morphElement(match, wanted, fresh);
    else if (match.data !== wanted.data) match.data = wanted.data;
  }
  while (at) {
    const next = at.nextSibling;
    if (!(at instanceof Element) || !isInUse(at)) at.remove();
    at = next;
  }
}

/** The next of the old children that can become the wanted one. */
function nextLike(at, wanted) {
  for (let node = at; node; node = node.nextSibling) {
    if (node.nodeName === wanted.nodeName && !keyOf(node)) return node;
  }
  return null;
}
