/** A trial's configuration, beside the incumbent's and the baseline's. */

import { html } from "../vendor/preact.js";
import { short } from "../format.js";
import { sweepPath } from "../router.js";

/** The values, those that differ first in sight. */
export function Settings({ card, sweep }) {
  const { settings, incumbent, baseline, trial } = card;
  const hasIncumbent = incumbent !== null && incumbent !== trial.number;
  const hasBaseline = baseline !== null && baseline !== trial.number && baseline !== incumbent;
  const other = (words, number) =>
    html`<th scope="col">${words} <a href=${sweepPath(sweep, number)}>${number}</a></th>`;
  const cell = (text, differs) =>
    html`<td class=${differs ? "differs" : "same"}>
    ${text === null ? "–" : differs ? html`<span title=${text}>${short(text)}</span>`
    : html`<span class="hidden">the same: ${short(text)}</span><span aria-hidden="true">=</span>`}</td>`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Configuration"><table class="settings">
    <thead><tr><th scope="col">Parameter</th><th scope="col">This trial</th>${hasIncumbent && other("Best,", incumbent)}
      ${hasBaseline && other("Baseline,", baseline)}</tr></thead>
    <tbody>${settings.map((each) => html`<tr key=${each.name}>
      <th scope="row">${each.name}</th><td title=${each.text}>${short(each.text)}</td>
      ${hasIncumbent && cell(each.incumbent_text, each.differs_from_incumbent)}
      ${hasBaseline && cell(each.baseline_text, each.differs_from_baseline)}
    </tr>`)}</tbody>
  </table></div>`;
}
