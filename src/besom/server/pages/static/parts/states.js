/** What stands where there is nothing yet, or where something went wrong. */

import { html } from "../vendor/preact.js";

/** Grey bars in the place of what is still asked for. */
export function Skeleton({ lines = 3, tall = false }) {
  return html`<div class="skeleton ${tall ? "tall" : ""}" aria-hidden="true">
    ${Array.from({ length: lines }, () => html`<i></i>`)}</div>`;
}

/** Nothing here, and what to do next. */
export function Empty({ title, children }) {
  return html`<div class="empty"><h2>${title}</h2>${children}</div>`;
}

/** The server's own words on what went wrong. */
export function Trouble({ error, isPage = false, children }) {
  const title = error.status === 404 ? "Not here" : error.status === 0 ? "The server does not answer"
    : "That did not work";
  return html`<div class="trouble" role="alert">
    ${isPage ? html`<h1>${title}</h1>` : html`<h2>${title}</h2>`}
    <p>${error.status === 0 ? "It is asked again as soon as it is back." : error.message}</p>
    ${children}
  </div>`;
}
