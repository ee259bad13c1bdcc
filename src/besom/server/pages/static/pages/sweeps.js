/** All sweeps: where each stands, and which to compare. */

import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { useAnswer } from "../api.js";
import { Ago, counted, number } from "../format.js";
import { onNews, useNews, usePaced } from "../live.js";
import { Choice } from "../parts/choice.js";
import { Paste } from "../parts/copy.js";
import { SweepPill } from "../parts/pill.js";
import { Progress } from "../parts/progress.js";
import { Search } from "../parts/search.js";
import { Sparkline } from "../parts/sparkline.js";
import { Empty, Skeleton, Trouble } from "../parts/states.js";
import { change, href, sweepPath } from "../router.js";

const STATES = [["all", "All"], ["open", "Under way"], ["ended", "Ended"]];
const OPEN = ["running", "paused", "stopping"];
const COLUMNS = [
  ["name", "Sweep", (sweep) => sweep.name.toLowerCase()],
  ["state", "State", (sweep) => OPEN.concat("finished", "cancelled").indexOf(sweep.state)],
  ["spent", "Budget", (sweep) => sweep.share ?? -1],
  ["best", "Best", ({ best_value: best, goal }) => (best !== null && goal === "maximize" ? -best : best),
    ({ metric, goal }) => `${metric} ${goal}`], // values of other metrics are no better and no worse
  [null, "Best so far"],
  ["trials", "Trials", (sweep) => sweep.trials],
  ["agents", "Agents", (sweep) => sweep.agents],
  ["started", "Started", (sweep) => sweep.started_at ?? sweep.created_at],
];

/** The page. */
export default function Sweeps({ params }) {
  const { data, error } = useOverviews();
  const [chosen, choose] = useState(() => new Set());
  useEffect(() => {
    document.title = "Sweeps · besom";
  }, []);
  const text = params.get("text") ?? "";
  const state = params.get("state") ?? "all";
  const sort = params.get("sort") ?? "started";
  const isDown = params.has("sort") ? params.get("descending") === "1" : true;
  const shown = useMemo(() => data && sorted(filtered(data, text, state), sort, isDown),
    [data, text, state, sort, isDown]);
  const toggle = (id) => choose((before) => new Set(before.has(id) ? [...before].filter((each) => each !== id)
    : [...before, id]));

  return html`<div class="page">
    <header class="head"><h1>Sweeps</h1>${data?.length > 0 && html`<p class="lead">${summary(data)}</p>`}</header>
    ${error && !data && html`<${Trouble} error=${error} />`}
    ${!data && !error && html`<${Skeleton} lines=${8} />`}
    ${data?.length === 0 && html`<${Empty} title="No sweep yet">
      <p>Start one from a sweep file, W&B's or your own; it appears here at once.</p>
        <${Paste} title="In a terminal" text="besom run sweep.yaml" /><//>`}
    ${data?.length > 0 && html`
      <div class="tablebar">
        <${Search} label="Filter sweeps" value=${text}
          onChange=${(next) => change({ text: next }, { isStep: false })} />
        <${Choice} label="Which sweeps" name="state" value=${state} options=${STATES} />
        <${Compare} chosen=${[...chosen].filter((id) => data.some((sweep) => sweep.id === id))}
          clear=${() => choose(new Set())} />
      </div>
      <div class="scroll table" tabindex="0" role="group" aria-label="Sweeps"><table class="sweeps">
        <thead><tr><th><span class="hidden">Compare</span></th>
          ${COLUMNS.map((column) => html`<${Heading} column=${column} sort=${sort} isDown=${isDown} />`)}</tr></thead>
        <tbody>${shown.map((sweep) =>
          html`<${Row} key=${sweep.id} sweep=${sweep} isChosen=${chosen.has(sweep.id)} toggle=${toggle} />`)}</tbody>
      </table>${!shown.length && html`<p class="nothing">No sweep fits the filter.</p>`}</div>`}
  </div>`;
}

/** All overviews, those that changed put in place as news comes. */
function useOverviews() {
  const again = usePaced(useNews("none"), 500);
  const [changed, set] = useState(new Map());
  const asked = useRef(changed);
  useEffect(() => {
    asked.current = changed; // older than the answer; what comes from here on may be newer
  }, [again]);
  const { data, error } = useAnswer("/api/v1/overview", again);
  useEffect(() => onNews("overview",
    (news) => set((before) => new Map([...before, ...news.map((sweep) => [sweep.id, sweep])]))), []);
  useEffect(() => set((before) => new Map([...before].filter(([id, sweep]) => asked.current.get(id) !== sweep))), [data]);
  const merged = useMemo(() => {
    if (!data) return data;
    const known = new Set(data.map((sweep) => sweep.id));
    const added = [...changed.values()].filter((sweep) => !known.has(sweep.id));
    return [...data.map((sweep) => changed.get(sweep.id) ?? sweep), ...added];
  }, [data, changed]);
  return { data: merged, error };
}

function Heading({ column: [id, title], sort, isDown }) {
  if (!id) return html`<th scope="col"><span>${title}</span></th>`;
  const isSorted = id === sort;
  const next = { sort: id, descending: isSorted && !isDown ? "1" : null };
  return html`<th scope="col" class=${id === "trials" || id === "agents" || id === "best" ? "n" : ""}
    aria-sort=${isSorted ? (isDown ? "descending" : "ascending") : undefined}>
    <button type="button" onClick=${() => change(next)}>${title}</button></th>`;
}

function Row({ sweep, isChosen, toggle }) {
  const about = [sweep.project && html`<bdi>${sweep.project}</bdi> · `, `${sweep.method} · ${sweep.id}`];
  return html`<tr data-row class=${isChosen ? "chosen" : ""}>
    <td class="check"><input type="checkbox" aria-label="Compare ${sweep.name}" checked=${isChosen}
      onChange=${() => toggle(sweep.id)} /></td>
    <td class="name"><a href=${sweepPath(sweep.id)}>${sweep.name}</a><small>${about}</small></td>
    <td class="state"><${SweepPill} overview=${sweep} /></td>
    <td class="spent"><${Progress} overview=${sweep} isShort /></td>
    <td class="n best">${sweep.best_trial === null ? html`<span class="none">–</span>`
      : html`${sweep.best_text}<small>${sweep.metric}</small>`}</td>
    <td class="spark"><${Sparkline} values=${sweep.spark} label="Best so far, ${counted(sweep.trials, "trial")}" /></td>
    <td class="n trials"><span class="label">trials </span>${number(sweep.trials)}
      ${sweep.counts.failed > 0 && html`<small>${sweep.counts.failed} failed</small>`}</td>
    <td class="n agents"><span class="label">agents </span>${sweep.agents || html`<span class="none">–</span>`}</td>
    <td class="started"><${Ago} at=${sweep.started_at ?? sweep.created_at} /></td>
  </tr>`;
}

function Compare({ chosen, clear }) {
  if (!chosen.length) return html`<p class="count">Tick sweeps to compare them.</p>`;
  if (chosen.length === 1) return html`<p class="count">Tick another to compare.</p>`;
  return html`<span class="tools">
    <a class="button main" href=${href("/compare", { sweeps: chosen.join(",") })}>Compare ${chosen.length}</a>
    <button type="button" class="quiet" onClick=${clear}>Clear</button></span>`;
}

function filtered(sweeps, text, state) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const isWanted = (sweep) => state === "all" || (state === "open") === OPEN.includes(sweep.state);
  const content = (sweep) => [sweep.name, sweep.id, sweep.project, sweep.method, sweep.metric,
    sweep.state].join(" ").toLowerCase();
  return sweeps.filter((sweep) => isWanted(sweep) && words.every((word) => content(sweep).includes(word)));
}

/** Sorted by a column, within its groups where it has any; what has no value comes last, either way. */
function sorted(sweeps, sort, isDown) {
  const [, , key, group = () => ""] = COLUMNS.find(([id]) => id === sort) ?? [null, "", (sweep) => sweep.created_at];
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const compare = (one, other) => {
    const [a, b] = [key(one), key(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    return order(group(one), group(other)) || order(a, b) * (isDown ? -1 : 1);
  };
  return [...sweeps].sort(compare);
}

function summary(sweeps) {
  const open = sweeps.filter((sweep) => sweep.state === "running").length;
  return `${counted(sweeps.length, "sweep")}, ${open || "none"} running`;
}
