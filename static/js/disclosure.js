/** Menus (details with data-menu) and dialogs: closing by Esc and by a click beside, focus back to where it was. */

/** The dialog that a link or button names. @param {Element} opener */
function dialogOf(opener) {
  const dialog = document.getElementById(opener.getAttribute("data-dialog-open"));
  return dialog instanceof HTMLDialogElement ? dialog : null;
}

/** Keep a menu inside the window, and inside the pane, which cuts it off: turn it to the other side where it would stand out. */
function align(menu) {
  const panel = menu.querySelector(".menu-panel");
  if (!panel) return;
  const box = panel.getBoundingClientRect();
  const pane = menu.closest("[data-pane]")?.getBoundingClientRect();
  if (box.right > (pane?.right ?? document.documentElement.clientWidth)) menu.dataset.align = "end";
  else if (box.left < (pane?.left ?? 0)) menu.dataset.align = "start";
}

export function wireDisclosure() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      const inside = menu.contains(event.target);
      const chosen = inside && event.target.closest(".menu-item");
      if (!inside || chosen) menu.open = false;
    }
    const opener = event.target.closest("[data-dialog-open]");
    const dialog = opener && dialogOf(opener);
    if (dialog) {
      event.preventDefault();
      document.getElementById("rail")?.hidePopover?.();
      if (!dialog.open) dialog.showModal();
    }
    if (event.target.closest("[data-dialog-close]")) event.target.closest("dialog")?.close();
    // a click on the dialog itself, not on what it holds, is a click on the ground around it
    if (event.target instanceof HTMLDialogElement && event.target.open) {
      const box = event.target.getBoundingClientRect();
      const outside =
        event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
      if (outside) event.target.close();
    }
  });

  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target instanceof HTMLElement && event.target.matches("details[data-menu][open]")) align(event.target);
    },
    true,
  );

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details[data-menu][open]") ?? document.querySelector("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
    event.preventDefault();
    event.stopPropagation();
  }, true);
}
