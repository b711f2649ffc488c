/** A long press on a row selects it, where there is no mouse; the boxes of narrow lists are small or not there at all. */
import { toggleRow } from "./selection.js";

const LONG = 500;
const SHAKE = 10;

export function wirePress() {
  let timer = 0;
  let start = null;
  let pressed = false;
  const stop = () => clearTimeout(timer);

  document.addEventListener("pointerdown", (event) => {
    pressed = false;
    stop();
    const row = event.target.closest("tr[data-row]");
    if (event.pointerType === "mouse" || !row?.querySelector("input[data-select-row]")) return;
    if (event.target.closest("input, label, button, summary")) return;
    start = [event.clientX, event.clientY];
    timer = setTimeout(() => {
      pressed = true;
      toggleRow(row);
      navigator.vibrate?.(10);
    }, LONG);
  });
  document.addEventListener("pointermove", (event) => {
    if (start && Math.hypot(event.clientX - start[0], event.clientY - start[1]) > SHAKE) stop();
  });
  for (const kind of ["pointerup", "pointercancel", "scroll"]) document.addEventListener(kind, stop, true);
  // neither the click nor the menu that ends a long press opens anything
  for (const kind of ["click", "contextmenu"]) {
    document.addEventListener(
      kind,
      (event) => {
        if (!pressed || !event.target.closest("tr[data-row]")) return;
        if (kind === "click") pressed = false;
        event.preventDefault();
        event.stopPropagation();
      },
      true,
    );
  }
}
