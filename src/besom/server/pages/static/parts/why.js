/** Why a trial is what it is: each decision about it, in order, with the numbers behind. */

import { html } from "../vendor/preact.js";
import { number, spread } from "../format.js";

/** The decisions, first the one that suggested it. */
export function Why({ decisions, metric }) {
  return html`<ol class="why">${decisions.map((each, at) => html`<li key=${at}>
    <h3>${each.title}${each.phase && html`<span class="tag">${each.phase}</span>`}</h3>
    ${each.text && html`<p>${each.text}</p>`}
    ${each.prediction && html`<${Prediction} metric=${metric} ...${each.prediction} />`}
    ${each.drivers.length > 0 &&
      html`<p class="drivers">Driven by ${each.drivers.map((name) => html`<span class="tag">${name}</span>`)}</p>`}
    ${each.facts.length > 0 &&
      html`<dl class="facts">${each.facts.map(({ label, text }) => html`<div><dt>${label}</dt><dd>${text}</dd></div>`)}
      </dl>`}
  </li>`)}</ol>`;
}

/** The predicted value as a band of two standard deviations, and what was reached in it. */
function Prediction({ mean, sd, reached, metric }) {
  if (mean === null || sd === null) return null;
  const ends = [mean - 2 * sd, mean + 2 * sd, reached ?? mean];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const pad = (high - low) * 0.08 || 1;
  const at = (value) => (value - low + pad) / (high - low + 2 * pad);
  const words = `${metric} was predicted as ${number(mean)} ${spread(sd)}${reached === null ? ""
    : `, and reached ${number(reached)}`}`;
  return html`<figure class="prediction">
    <div class="scale" role="img" aria-label=${words}
      style=${{ "--low": at(mean - 2 * sd), "--high": at(mean + 2 * sd), "--mean": at(mean),
      "--reached": at(reached ?? mean) }}>
      <i class="spread"></i><i class="mean"></i>${reached !== null && html`<i class="reached"></i>`}
    </div>
    <figcaption>${reached === null ? "95 % of what was expected lies in the bar"
      : html`reached <b>${number(reached)}</b>, where the bar holds 95 % of what was expected`}</figcaption>
  </figure>`;
}
