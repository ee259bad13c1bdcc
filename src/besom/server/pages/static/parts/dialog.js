/** Dialogs: what needs a decision or a form first. The browser keeps the focus inside, and Escape closes. */

import { html, useEffect, useId, useRef, useState } from "../vendor/preact.js";
import { Icon } from "./icon.js";
import { liftToasts } from "./toast.js";

let content = null;
let changed = () => {};

/** Open a dialog; `draw` gets what closes it and gives what it shows. */
export function openDialog(draw) {
  content = draw;
  changed();
}

/** Ask before something is done; `run` does it, and what it throws is shown in the dialog. */
export function confirm({ title, text, verb, isGrave = false, run }) {
  openDialog((close) => html`<${Form} title=${title} verb=${verb} isGrave=${isGrave} run=${run} close=${close}>
    <p>${text}</p><//>`);
}

/** Where dialogs appear: once on the page. */
export function Dialogs() {
  const [, redraw] = useState(0);
  useEffect(() => {
    changed = () => redraw((count) => count + 1);
  }, []);
  const close = () => {
    content = null;
    changed();
  };
  return content && html`<${Dialog} close=${close}>${content(close)}<//>`;
}

/** A dialog that is open as long as it is drawn. */
export function Dialog({ close, kind = "", label, children }) {
  const place = useRef();
  useEffect(() => {
    const before = document.activeElement;
    const dialog = place.current;
    dialog.showModal();
    liftToasts();
    return () => {
      const at = document.activeElement; // a key may have moved the focus on since Escape
      if ((at === document.body || dialog.contains(at)) && before?.isConnected) before.focus();
    };
  }, []);
  const outside = (event) => event.target === place.current && close();
  return html`<dialog ref=${place} class=${kind} aria-label=${label} onClose=${close} onMouseDown=${outside}>${children}
    </dialog>`;
}

/** A form in a dialog: its title, what is filled in, and what sends it off. `run` gets its fields; without, it only tells. */
export function Form({ title, verb, isGrave = false, run, close, children }) {
  const [state, set] = useState({});
  const id = useId();
  const send = async (event) => {
    event.preventDefault();
    set({ isBusy: true });
    try {
      await run?.(new FormData(event.target));
      close();
    } catch (error) {
      set({ error });
    }
  };
  return html`<form class="form" aria-labelledby=${id} onSubmit=${send}>
    <header><h2 id=${id}>${title}</h2>
      <button type="button" class="quiet" aria-label="Close" onClick=${close}><${Icon} name="close" /></button></header>
    <div class="body">${children}</div>
    ${state.error && html`<p class="refusal" role="alert">${state.error.message}</p>`}
    <footer>
      ${run && html`<button type="button" onClick=${close}>Leave it</button>`}
      <button type="submit" class=${isGrave ? "grave" : "main"} disabled=${state.isBusy}>${state.isBusy ? "…" : verb}
        </button>
    </footer>
  </form>`;
}
