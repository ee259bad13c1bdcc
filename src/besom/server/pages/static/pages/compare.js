/** Several sweeps on one axis. */

import { html, useEffect, useState } from "../vendor/preact.js";
import { useAnswer } from "../api.js";
import { number } from "../format.js";
import { useNews, usePaced } from "../live.js";
import { Choice } from "../parts/choice.js";
import { Icon } from "../parts/icon.js";
import { SweepPill } from "../parts/pill.js";
import { Progress } from "../parts/progress.js";
import { Empty, Skeleton } from "../parts/states.js";
import { Picture } from "../pictures/picture.js";
import { change, sweepPath } from "../router.js";

const AXES = [["trials", "Trials"], ["epochs", "Epochs"], ["hours", "Hours"], ["gpu_hours", "GPU-hours"]];
const PACE_MS = 5000;
const DASHES = { dash: "6 4", dot: "2 3", dashdot: "6 3 2 3" };

/** The page. */
export default function Compare({ params }) {
  const ids = (params.get("sweeps") ?? "").split(",").filter(Boolean);
  const x = params.get("x") ?? "trials";
  const pulse = usePaced(useNews("overview", (changed) => changed.some(({ id }) => ids.includes(id)), ids.join()),
    PACE_MS);
  const { data } = useAnswer("/api/v1/overview", pulse);
  const [picture, show] = useState(null);
  useEffect(() => {
    document.title = "Comparison · besom";
  }, []);
  if (!ids.length) return html`<div class="page"><header class="head"><h1>Comparison</h1></header>
    <${Empty} title="No sweeps chosen"><p>Tick some on the page of all sweeps.</p>
    <a class="button" href="/">All sweeps</a><//></div>`;
  const chosen = data?.filter(({ id }) => ids.includes(id)) ?? [];
  const axes = AXES.filter(([axis]) => axis === "trials" || axis === x || chosen.some(({ spent }) => spent[axis] > 0));
  return html`<div class="page">
    <header class="head"><p class="crumbs"><a href="/">Sweeps</a></p><h1>Comparison</h1></header>
    <${Picture} name="comparison" title="Sweeps compared" kind="whole" isFirst pulse=${pulse} path="/api/v1/compare"
      choices=${{ sweeps: ids.join(","), x }} show=${show}>
      ${axes.length > 1 && html`<${Choice} label="Over" name="x" value=${x} options=${axes} />`}<//>
    ${data ? html`<${Chosen} ids=${ids} sweeps=${chosen} lines=${picture?.figure?.data ?? []} />`
      : html`<${Skeleton} />`}
  </div>`;
}

/** The sweeps in a table, each with the key to its line. */
function Chosen({ ids, sweeps, lines }) {
  const drop = (id) => change({ sweeps: ids.filter((each) => each !== id).join(",") });
  return html`<div class="scroll table" tabindex="0" role="group" aria-label="Compared sweeps"><table class="compared">
    <thead><tr><th scope="col"><span>Sweep</span></th><th scope="col"><span>State</span></th>
      <th scope="col"><span>Metric</span></th><th scope="col" class="n"><span>Best</span></th>
      <th scope="col" class="n"><span>Trials</span></th>
      <th scope="col"><span>Budget</span></th><th><span class="hidden">Leave out</span></th></tr></thead>
    <tbody>${inOrder(ids, sweeps).map((id) => {
      const sweep = sweeps.find((each) => each.id === id);
      const out = html`<td class="n">
        <button type="button" class="quiet" aria-label="Leave ${sweep?.name ?? id} out" onClick=${() => drop(id)}>
        <${Icon} name="close" /></button></td>`;
      if (!sweep) return html`<tr key=${id}><td colspan="6">There is no sweep ${id}.</td>${out}</tr>`;
      return html`<tr key=${id} data-row>
        <td class="name"><${Key} line=${lines.find(({ uid }) => uid === id)?.line} />
          <a href=${sweepPath(id)}>${sweep.name}</a><small>${sweep.method} · ${id}</small></td>
        <td><${SweepPill} overview=${sweep} /></td>
        <td>${sweep.metric && html`<bdi>${sweep.metric}</bdi><small>${sweep.goal}</small>`}</td>
        <td class="n">${sweep.best_text}</td><td class="n">${number(sweep.trials)}</td>
          <td><${Progress} overview=${sweep} isShort /></td>${out}</tr>`;
    })}</tbody>
  </table></div>`;
}

/** Ids in the order of the legend, the best first; then sweeps without a value, of another aim, and what is none. */
function inOrder(ids, sweeps) {
  const byId = new Map(sweeps.map((sweep) => [sweep.id, sweep]));
  const first = byId.get(ids.find((id) => byId.has(id)));
  const loss = (id) => {
    if (!byId.has(id)) return Infinity;
    const { metric, goal, best_value: best } = byId.get(id);
    if (best === null || metric !== first.metric || goal !== first.goal) return Number.MAX_VALUE;
    return goal === "maximize" ? -best : best;
  };
  return [...ids].sort((one, other) => loss(one) - loss(other) || 0);
}

/** A piece of a sweep's line; nothing where it has none. */
function Key({ line }) {
  return html`<svg class="key" viewBox="0 0 22 4" aria-hidden="true">
    ${line && html`<path d="M0 2h22" stroke=${line.color} stroke-width=${line.width}
      stroke-dasharray=${DASHES[line.dash]} />`}</svg>`;
}
