/** A few values of which one holds: as links where it changes the page, kept in the address. */

import { html } from "../vendor/preact.js";
import { change } from "../router.js";

/** Values side by side; `options` are [value, words], the first is what holds without a parameter. */
export function Choice({ label, name, value, options }) {
  const choose = (next, at) => change({ [name]: at === 0 ? null : next, page: null });
  return html`<div class="choice" role="group" aria-label=${label}>
    ${options.map(([each, words], at) =>
    html`<button type="button" aria-pressed=${each === value} onClick=${() => choose(each, at)}>${words}</button>`)}
    </div>`;
}

/** One of many values, as a list that opens; an option may be [value, words]. */
export function Pick({ label, name, value, options, usual }) {
  return html`<label class="pick">
    <select value=${value} aria-label=${label}
    onChange=${(event) => change({ [name]: event.target.value === usual ? null : event.target.value })}>
      ${options.map((each) => [each].flat()).map(([each, words = each]) =>
        html`<option value=${each}>${words}</option>`)}</select></label>`;
}
