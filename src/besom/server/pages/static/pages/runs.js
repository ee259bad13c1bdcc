/** The runs of a trial: when and where each was, how it ended, and what it printed. */

import { html } from "../vendor/preact.js";
import { Ago, duration, instant, number } from "../format.js";
import { Output, readable } from "../parts/output.js";
import { Pill } from "../parts/pill.js";
import { change } from "../router.js";

const NUMBERS = ["Repeat", "Value", "Reached", "Took"];

/** The runs, and the output of the one that the address names; of the last one without. */
export function Runs({ card, params, pulse }) {
  const { runs } = card;
  if (!runs.length) return html`<section><header><h2>Runs</h2></header>
    <p class="note">${card.trial.ended_at ? "No agent began it." : "No agent has begun it yet."}</p></section>`;
  const shown = runs.find(({ run }) => run.id === params.get("run")) ?? runs.at(-1);
  const hasRepeats = card.trial.repeats > 1;
  return html`<section aria-label="Runs"><header><h2>Runs</h2></header>
    <div class="scroll table" tabindex="0" role="group" aria-label="Runs"><table>
      <thead><tr>${["Run", "State", hasRepeats && "Repeat", "Value", "Reached", "Agent", "Host", "GPU", "Began", "Took",
        "How it ended"].filter(Boolean).map((title) =>
        html`<th scope="col" class=${NUMBERS.includes(title) ? "n" : ""}><span>${title}</span></th>`)}</tr></thead>
      <tbody>${runs.map((each) =>
        html`<${Row} key=${each.run.id} ...${each} hasRepeats=${hasRepeats} isShown=${each === shown} />`)}</tbody>
    </table></div>
    <header><h2>Output</h2><span class="note">of run <code>${shown.run.id}</code></span></header>
    <${Output} key=${shown.run.id} run=${shown.run} pulse=${pulse} />
  </section>`;
}

function Row({ run, agent_name: agent, hasRepeats, isShown }) {
  const ended = run.failure ? [run.failure.cause, run.failure.message].filter(Boolean).join(": ")
    : run.ordered_because?.text ?? "";
  const until = run.ended_at ?? Date.now() / 1000;
  return html`<tr class=${isShown ? "chosen" : ""}>
    <td><button type="button" class="link" aria-pressed=${isShown} onClick=${() => change({ run: run.id })}>${run.id}
      </button></td>
    <td><${Pill} state=${run.state} /></td>${hasRepeats && html`<td class="n">${run.repeat + 1}</td>`}
    <td class="n">${number(run.value)}</td><td class="n">${number(run.fidelity)}</td><td>${agent}</td>
      <td>${run.host}</td><td>${run.gpus.join(", ")}</td>
    <td title=${instant(run.started_at)}><${Ago} at=${run.started_at} /></td>
      <td class="n">${duration(until - run.started_at)}</td><td class="long">${readable(ended)}</td>
  </tr>`;
}
