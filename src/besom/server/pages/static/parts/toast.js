/** Short words at the page's edge: what was done, what went wrong, and news for who cannot see them. */

import { html, useEffect, useState } from "../vendor/preact.js";
import { Icon } from "./icon.js";

const STAYS_MS = 4500;
let toasts = [];
let news = "";
let next = 0;
let changed = () => {};

/** Say that something was done. */
export function say(text) {
  add(text, false);
  const { id } = toasts.at(-1);
  setTimeout(() => remove(id), STAYS_MS);
}

/** Say what went wrong, in full, until it is put away. */
export function complain(error) {
  add(error.message, true);
}

/** Tell screen readers, at their next pause. */
export function announce(text) {
  news = text;
  changed();
}

/** Where the words appear: once on the page. */
export function Toasts() {
  const [, redraw] = useState(0);
  useEffect(() => {
    changed = () => redraw((count) => count + 1);
  }, []);
  useEffect(liftToasts, [toasts]);
  return html`
    <div class="hidden" aria-live="polite">${news}</div>
    <div class="toasts" popover="manual">
      <div role="status">${toasts.filter((each) => !each.isError).map(words)}</div>
      <div role="alert">${toasts.filter((each) => each.isError).map(words)}</div>
    </div>`;
}

function words({ id, text, isError }) {
  return html`<div key=${id} class="toast ${isError ? "error" : ""}">
    <p>${text}</p>
    <button type="button" class="quiet" aria-label="Put away" onClick=${() => remove(id)}><${Icon} name="close" />
      </button>
  </div>`;
}

/** Lay them above everything, dialogs too: what is shown last lies on top. */
export function liftToasts() {
  const place = document.querySelector(".toasts");
  if (place?.matches(":popover-open")) place.hidePopover();
  if (toasts.length) place?.showPopover();
}

function add(text, isError) {
  toasts = [...toasts, { id: (next += 1), text, isError }].slice(-4);
  changed();
}

function remove(id) {
  toasts = toasts.filter((each) => each.id !== id);
  changed();
}
