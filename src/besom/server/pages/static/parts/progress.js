/** How much of the budget is spent. */

import { html } from "../vendor/preact.js";
import { duration } from "../format.js";

/** A bar, and its words; without a budget only the words, and those only in short. */
export function Progress({ overview, isShort = false }) {
  if (overview.share === null && !isShort) return null;
  const { share, share_text: words, seconds_left: left, state, agents } = overview;
  const part = share === null ? null : Math.max(0, Math.min(1, share));
  const time = left && state === "running" && agents ? ` · about ${duration(left)} left` : "";
  return html`<div class="progress ${state}">
    ${part !== null && html`<div class="track" role="progressbar" aria-label="Budget spent" aria-valuemin="0"
      aria-valuemax="100" aria-valuenow=${Math.round(100 * part)}>
      <div class="fill" style=${{ "--part": part }}></div>
    </div>`}
    <span class="words">${words}${isShort ? "" : time}</span>
  </div>`;
}
