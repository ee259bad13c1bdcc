/** Menus that open under their button, and close at a click elsewhere or by Escape. */

import { html, useId, useRef } from "../vendor/preact.js";
import { Icon } from "./icon.js";

const ENOUGH_PX = 360;

/** A button with a menu of `items` ({label, run, note, isGrave}), or with whatever stands inside. */
export function Menu({ label, icon, title, kind = "", items, children }) {
  const id = useId();
  const button = useRef();
  const list = useRef();
  const hide = () => list.current.hidePopover();
  const moved = (event) => {
    if (event.newState === "open") place(button.current, list.current);
  };
  const opened = (event) => event.newState === "open" && list.current.querySelector("button, input, select")?.focus();
  const chosen = (item) => {
    hide();
    item.run();
  };
  return html`
    <button ref=${button} type="button" class=${kind} popovertarget=${id} aria-label=${title} title=${title}
      aria-haspopup=${items ? "menu" : "dialog"}>
      ${icon ? html`<${Icon} name=${icon} />` : html`${label}<${Icon} name="down" />`}
    </button>
    <div ref=${list} id=${id} class="menu" popover role=${items ? "menu" : "dialog"} aria-label=${title ?? label}
      onBeforeToggle=${moved} onToggle=${opened} onKeyDown=${items ? step : undefined}>
      ${items ? items.map((item) =>
        html`<button type="button" role="menuitem" class=${item.isGrave ? "grave" : ""} onClick=${() => chosen(item)}>
        ${item.label}${item.note && html`<small>${item.note}</small>`}</button>`) : children}
    </div>`;
}

/** Under the button, or over it where there is more room; inside the window. */
function place(button, list) {
  const box = button.getBoundingClientRect();
  const [above, below] = [box.top, innerHeight - box.bottom].map((room) => Math.round(room - 12));
  const isOver = below < ENOUGH_PX && above > below;
  list.style.setProperty("--room", `${isOver ? above : below}px`);
  list.style.setProperty("--bottom", isOver ? `${Math.round(innerHeight - box.top + 4)}px` : "auto");
  const isRight = box.left + box.width / 2 > innerWidth / 2;
  list.style.setProperty("--top", isOver ? "auto" : `${Math.round(box.bottom + 4)}px`);
  list.style.setProperty("--left", isRight ? "auto" : `${Math.max(8, Math.round(box.left))}px`);
  list.style.setProperty("--right", isRight
    ? `${Math.max(8, Math.round(document.documentElement.clientWidth - box.right))}px` : "auto");
}

function step(event) {
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!move) return;
  event.preventDefault();
  const all = [...event.currentTarget.querySelectorAll("button")];
  const at = all.indexOf(document.activeElement);
  all[(at + move + all.length) % all.length].focus();
}
