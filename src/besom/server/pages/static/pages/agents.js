/** All agents: where they are, and what they do. */

import { html, useEffect, useState } from "../vendor/preact.js";
import { useAnswer } from "../api.js";
import { Ago, counted, number } from "../format.js";
import { useNews, usePaced } from "../live.js";
import { Paste } from "../parts/copy.js";
import { Pill } from "../parts/pill.js";
import { SetAside } from "../parts/setaside.js";
import { Empty, Skeleton, Trouble } from "../parts/states.js";
import { sweepPath } from "../router.js";

const PACE_MS = 1000;
const GONE_SHOWN = 20;

/** The page. */
export default function Agents() {
  const pulse = usePaced(useNews("agents"), PACE_MS);
  const { data, error } = useAnswer("/api/v1/agents/view", pulse);
  useEffect(() => {
    document.title = "Agents · besom";
  }, []);
  const agents = data && [...data].sort((one, other) => other.is_alive - one.is_alive || other.seen_at - one.seen_at);
  const alive = agents?.filter((agent) => agent.is_alive) ?? [];
  const busy = alive.filter((agent) => agent.running.length).length;
  return html`<div class="page">
    <header class="head"><h1>Agents</h1>
      ${agents?.length > 0 && html`<p class="lead">
      ${alive.length ? `${counted(alive.length, "agent")} alive, ${busy || "none"} at work` : "None is alive."}</p>`}
      </header>
    ${error && !data && html`<${Trouble} error=${error} />`}
    ${!data && !error && html`<${Skeleton} lines=${6} />`}
    ${agents?.length === 0 &&
      html`<${Empty} title="No agent yet">
      <p>An agent executes runs. Start one wherever there is a free machine or GPU.</p>
      <${Paste} title="In a terminal" text="besom agent SWEEP" /><//>`}
    <ul class="fleet">${alive.map((agent) => html`<${Agent} key=${agent.id} agent=${agent} />`)}</ul>
    ${agents?.length > alive.length && html`<${Gone} agents=${agents.filter((agent) => !agent.is_alive)} />`}
  </div>`;
}

function Agent({ agent }) {
  const { name, host, pid, gpus, running, set_aside: asides } = agent;
  return html`<li class="card agent">
    <header><h2>${name}</h2><${Pill} state=${asides.length ? "set aside" : "alive"} /></header>
    <dl class="facts">
      <div><dt>Host</dt><dd>${host}, process ${pid}</dd></div>
      <div><dt>GPU</dt><dd><${Gpus} gpus=${gpus} /></dd></div>
      <div><dt>Heard of</dt><dd>${agent.seen_text}</dd></div>
      <div><dt>Began</dt><dd><${Ago} at=${agent.started_at} /></dd></div>
      <div><dt>Runs done</dt><dd>${agent.runs_done}</dd></div>
    </dl>
    ${running.map((run) => html`<${Running} key=${run.run} run=${run} />`)}
    ${asides.map((aside) => html`<${SetAside} key=${aside.sweep} aside=${aside} inSweep />`)}
    ${!running.length && !asides.length && html`<p class="idle">Waits for a run.</p>`}
  </li>`;
}

function Gpus({ gpus }) {
  return gpus.length ? gpus.join(", ") : html`<span class="none">–</span>`;
}

/** Those that have left, or were not heard of for long: the latest, and all of them on request. */
function Gone({ agents }) {
  const [isWhole, showAll] = useState(false);
  const shown = isWhole ? agents : agents.slice(0, GONE_SHOWN);
  const titles = ["Agent", "State", "Host", "Process", "GPU", "Began", "Last heard of"];
  return html`<section class="gone" aria-label="Agents that are gone">
    <header><h2>Gone</h2><span class="count">${agents.length}</span></header>
    <div class="scroll table" tabindex="0" role="group" aria-label="Agents that are gone"><table>
      <thead><tr>${titles.map((title) => html`<th scope="col"><span>${title}</span></th>`)}
        <th scope="col" class="n"><span>Runs done</span></th></tr></thead>
      <tbody>${shown.map((agent) =>
        html`<tr key=${agent.id}><td>${agent.name}</td><td><${Pill} state=${agent.ended_at ? "ended" : "away"} /></td>
        <td>${agent.host}</td><td>${agent.pid}</td><td><${Gpus} gpus=${agent.gpus} /></td>
        <td><${Ago} at=${agent.started_at} /></td><td><${Ago} at=${agent.seen_at} /></td>
          <td class="n">${agent.runs_done}</td></tr>`)}</tbody>
    </table></div>
    ${agents.length > shown.length && html`<button type="button" class="link" onClick=${() => showAll(true)}>
      ${number(agents.length - shown.length)} more</button>`}</section>`;
}

function Running({ run }) {
  return html`<div class="running">
    <p><a href=${sweepPath(run.sweep, run.trial)}>trial ${run.trial}</a> of <a href=${sweepPath(run.sweep)}>
      ${run.sweep_name}</a>, begun <${Ago} at=${run.started_at} /></p>
    ${run.resources.length > 0 &&
      html`<dl class="meters">${run.resources.map(({ label, text }) =>
      html`<div><dt>${label}</dt><dd>${text}</dd></div>`)}</dl>`}
  </div>`;
}
