/** Texts to copy, also where the browser keeps its clipboard from pages. */

import { html } from "../vendor/preact.js";
import { Form, openDialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { complain, say } from "./toast.js";

/** Copy a text, or what a promise brings; `what` names it. Where that is not allowed, show it selected. */
export async function copy(what, given) {
  let text;
  try {
    text = await given;
  } catch (error) {
    complain(error);
    return;
  }
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied.`);
  } catch {
    if (copyBySelection(text)) say(`${what} copied.`);
    else openDialog((close) =>
      html`<${Form} title=${what} verb="Done" close=${close}><pre class="all">${text}</pre><//>`);
  }
}

/** A text in its own box, with a button that copies it. */
export function Paste({ title, text, children }) {
  return html`<figure class="paste">
    <figcaption>${title}<span class="tools">${children}
      <button type="button" class="quiet" onClick=${() => copy(title, text)}><${Icon} name="copy" />Copy</button></span>
      </figcaption>
    <pre tabindex="0">${text}</pre>
  </figure>`;
}

function copyBySelection(text) {
  const place = Object.assign(document.createElement("textarea"), { value: text, className: "hidden" });
  document.body.append(place);
  place.select();
  const isDone = document.execCommand("copy");
  place.remove();
  return isDone;
}
