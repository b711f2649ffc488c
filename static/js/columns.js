/**
 * What people do to the columns of a list. In `data-sortable`: items (`data-sortable-item`) change places by their
 * buttons `data-move="up"` and `"down"`, and by Alt and an arrow; reorder.js lets them be dragged. On a heading with
 * `data-add-url`: a click with Shift sorts by this column as well.
 */
import { announce } from "./toast.js";

const itemOf = (element) => element.closest?.("[data-sortable-item]");

/** @param {HTMLElement} item @param {"up" | "down"} way */
function move(item, way) {
  const other = way === "up" ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  const focused = document.activeElement;
  if (way === "up") other.before(item);
  else other.after(item);
  if (item.contains(focused)) focused.focus();
  item.scrollIntoView({ block: "nearest" });
  const all = [...item.parentElement.children];
  announce(`${item.querySelector("label").textContent.trim()}: ${all.indexOf(item) + 1} of ${all.length}`);
}

function onClick(event) {
  const button = event.target.closest("[data-sortable] [data-move]");
  if (button) {
    event.preventDefault();
    move(itemOf(button), button.dataset.move);
  }
  const heading = event.shiftKey && event.target.closest("a[data-add-url]");
  if (heading) {
    event.preventDefault();
    event.stopImmediatePropagation();
    location.assign(heading.dataset.addUrl);
  }
}

function onKey(event) {
  const item = itemOf(event.target);
  if (!item) return;
  if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    event.preventDefault();
    move(item, event.key === "ArrowUp" ? "up" : "down");
  }
  // Enter in a check box saves; the form's first button, which a browser would press, moves a column
  if (event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("[data-default]"));
  }
}

export function wireColumns() {
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey);
}
