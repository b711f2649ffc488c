/**
 * Rows that are dragged to another place: `data-reorder` on a form, `data-reorder-row` on its rows, `data-reorder-grip`
 * on what is taken hold of. Dropping sends the form, whose fields then stand in the new order. The keyboard has the
 * buttons up and down of each row.
 */
export function wireReorder() {
  /** @type {HTMLElement | null} */
  let row = null;
  let moved = false;

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-reorder-grip]");
    if (!grip || event.button !== 0) return;
    row = grip.closest("[data-reorder-row]");
    moved = false;
    row.classList.add("is-dragged");
    grip.setPointerCapture(event.pointerId);
    event.preventDefault();
  });

  document.addEventListener("pointermove", (event) => {
    if (!row) return;
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-reorder-row]");
    if (!over || over === row || over.parentElement !== row.parentElement) return;
    const box = over.getBoundingClientRect();
    const below = event.clientY > box.top + box.height / 2;
    const place = below ? over.nextSibling : over;
    if (place === row || (place === row.nextSibling)) return;
    row.parentElement.insertBefore(row, place);
    moved = true;
  });

  const drop = () => {
    if (!row) return;
    const form = row.closest("form[data-reorder]");
    row.classList.remove("is-dragged");
    row = null;
    if (moved) form?.requestSubmit();
  };
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", drop);
}
