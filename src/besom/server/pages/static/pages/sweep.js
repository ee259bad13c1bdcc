/** A sweep: what it found, how it looked for it, and what to do with it. */

import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { useAnswer } from "../api.js";
import { Ago, counted, duration, number } from "../format.js";
import { usePaced, useVersion, watch } from "../live.js";
import { SweepActions } from "../parts/actions.js";
import { AddCondition, Chips, look } from "../parts/chips.js";
import { Paste } from "../parts/copy.js";
import { Icon } from "../parts/icon.js";
import { readable } from "../parts/output.js";
import { Pill, SweepPill } from "../parts/pill.js";
import { Progress } from "../parts/progress.js";
import { SetAside } from "../parts/setaside.js";
import { Empty, Skeleton, Trouble } from "../parts/states.js";
import { Trials, useTrials } from "../parts/table.js";
import { announce } from "../parts/toast.js";
import { conditionsOf, written } from "../pictures/conditions.js";
import { letOthers, useTurn } from "../pictures/turns.js";
import { change, href, sweepPath } from "../router.js";
import { Pictures } from "./pictures.js";

const VIEW_MS = 1000;
const TABLE_MS = 1000;
const PICTURES_MS = 5000;
const CURVES_MS = 2000;
const TABS = [["search", "Search"], ["parameters", "Parameters"], ["cost", "Time and cost"], ["setup", "Setup"]];
const STATES = ["finished", "stopped", "failed", "paused", "running", "waiting"];

/** The page. */
export default function Sweep({ sweep, params }) {
  const [first, setFirst] = useState();
  const news = useVersion(sweep, first);
  const { data: view, error } = useAnswer(`/api/v1${sweepPath(sweep)}/view`, usePaced(news, VIEW_MS));
  useEffect(() => setFirst((before) => before ?? view?.version), [view]);
  const conditions = useMemo(() => conditionsOf(params), [params.get("where")]);
  const pulses = { all: usePaced(news, PICTURES_MS), running: usePaced(news, CURVES_MS) };
  const where = params.get("where"); // as it is: where it holds no conditions, the server says what is wrong with it
  const wanted = where && href(`/api/v1${sweepPath(sweep)}/selection`, { where });
  const { data: selection, error: refusal } = useAnswer(wanted, pulses.all);
  const selected = useMemo(() => (conditions.length && selection ? new Set(selection.trials) : null),
    [conditions.length, selection]);
  const [tab] = TABS.find(([name]) => name === params.get("tab")) ?? TABS[0];
  const table = useTrials(sweep, params, usePaced(news, TABLE_MS), useTurn());
  useTitle(view?.overview);
  useEffect(() => {
    if (error?.status === 404) watch(null);
  }, [error]);

  const hasTrials = view?.overview.trials > 0;
  const hasPictures = tab !== "setup" && hasTrials;
  useEffect(() => {
    if (error || (view && !hasPictures)) letOthers();
  }, [error, view, hasPictures]);

  if (error && !view) return html`<div class="page">
    <${Trouble} isPage error=${error}><a class="button" href="/">All sweeps</a><//></div>`;
  if (!view) return html`<div class="page"><${Skeleton} lines=${2} /><${Skeleton} tall /></div>`;
  const shown = { sweep, view, params, pulses, conditions, selected };
  const columns = table.data?.columns;
  const isRefused = Boolean(where && refusal?.status); // not reached is no answer
  return html`<div class="page sweep">
    <${Head} view=${view} />
    ${view.notice && html`<p class="notice" role="note">${view.notice}</p>`}
    ${view.set_aside.map((aside) => html`<${SetAside} key=${aside.host} aside=${aside} />`)}
    <${Cards} view=${view} />
    <${Failures} view=${view} />
    <${Tabs} tab=${tab} view=${view}>
      ${hasPictures && html`<${AddCondition} conditions=${conditions} columns=${columns} parameters=${view.parameters} />`}
    <//>
    ${tab !== "setup" && conditions.length > 0 &&
      html`<${Chips} conditions=${conditions} columns=${columns} selection=${selection} />`}
    ${isRefused && html`<${Trouble} error=${refusal}>
      <button type="button" onClick=${() => look([])}>Show all trials</button><//>`}
    ${tab === "setup" && html`<${Setup} view=${view} />`}
    ${tab !== "setup" && !hasTrials && html`<${First} overview=${view.overview} />`}
    ${hasPictures && html`<${Pictures} tab=${tab} ...${shown} />`}
    ${tab === "search" && hasTrials && !isRefused && html`<section class="trials" aria-label="Trials">
      <header><h2>Trials</h2></header><${Trials} sweep=${sweep} goal=${view.overview.goal}
        isRunning=${view.overview.counts.running > 0} ...${table} /></section>`}
  </div>`;
}

function Head({ view }) {
  const { overview } = view;
  const { started_at: started, ended_at: ended } = overview;
  const isToldSpent = ended && overview.why && overview.share === 1;
  return html`<header class="head">
    <p class="crumbs"><a href="/">Sweeps</a>${overview.project && html`<span>${overview.project}</span>`}</p>
    <div class="row"><h1>${overview.name}</h1><${SweepPill} overview=${overview} />
      <${SweepActions} overview=${overview} view=${view} /></div>
    ${overview.why && html`<p class="lead">${overview.why}</p>`}
    <ul class="dotted">
      <li><code>${overview.id}</code></li><li>${overview.method}</li>
      ${overview.metric && html`<li>${overview.goal} <bdi>${overview.metric}</bdi></li>`}
      ${started && html`<li>${ended ? html`ended <${Ago} at=${ended} />, took ${duration(ended - started)}`
        : html`began <${Ago} at=${started} />`}</li>`}
      ${!ended && html`<li>${overview.agents ? counted(overview.agents, "agent") : "no agent"} alive</li>`}
    </ul>
    ${!isToldSpent && html`<${Progress} overview=${overview} />`}
  </header>`;
}

function Cards({ view }) {
  const { overview, cards } = view;
  const { best_trial: best } = overview;
  const first = useRef(best);
  return html`<section class="hero" aria-label="Result">
    <div class="card best ${best === first.current ? "" : "new"}" key=${best}>
      <h2>Best ${overview.metric}</h2>
      <p class="figure ${best === null ? "none" : ""}">${best !== null ? overview.best_text : overview.ended_at ? "none"
        : "none yet"}</p>
      <p class="words">${best === null ? "No trial has a value."
        : html`<a href=${sweepPath(overview.id, best)}>trial ${best}</a>`}</p>
    </div>
    ${cards.map((card) => html`<div class="card" key=${card.title}><h2>${card.title}</h2>
      <p class="figure">${card.figure}</p><p class="words">${card.words}</p></div>`)}
  </section>`;
}

/** In which ways trials failed; a click shows those that failed so in the table. */
function Failures({ view }) {
  const { overview, failures } = view;
  const total = overview.counts.failed ?? 0;
  const others = total - failures.reduce((sum, { count }) => sum + count, 0);
  const where = (kind) => [kind === null ? ["state", ["failed"]] : ["failure", [kind]]];
  const to = (kind) => href(sweepPath(overview.id), { where: written(where(kind)) });
  const show = (event, kind) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    change({ where: written(where(kind)), tab: null, page: null });
    document.querySelector(".trials")?.scrollIntoView();
  };
  const kind = (text, words) => html`<li><a href=${to(text)} onClick=${(event) => show(event, text)}>${words}</a></li>`;
  if (!total) return null;
  return html`<section class="failures" aria-label="Failures">
    <h2><${Icon} name="failed" />${counted(total, "trial")} failed</h2>
    <ul>${failures.map(({ text, told, count }) => kind(text, html`<b>${number(count)}</b> ${readable(told)}`))}
      ${others > 0 && kind(null, html`<b>${number(others)}</b> in other ways`)}</ul></section>`;
}

function Tabs({ tab, view, children }) {
  const { counts } = view.overview;
  const params = new URLSearchParams(location.search);
  const to = (name) => {
    const next = new URLSearchParams(params);
    name === "search" ? next.delete("tab") : next.set("tab", name);
    return href(location.pathname, Object.fromEntries(next));
  };
  const step = (event, name) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    change({ tab: name === "search" ? null : name });
  };
  return html`<div class="tabs">
    <nav aria-label="Parts of the sweep">
    ${TABS.map(([name, words]) =>
    html`<a href=${to(name)} aria-current=${name === tab ? "true" : undefined} onClick=${(event) => step(event, name)}>
    ${words}</a>`)}</nav>
    <div class="counts" role="group" aria-label="Trials by state">
      ${STATES.filter((state) => counts[state]).map((state) =>
      html`<button type="button" class="quiet" title="Look only at these" onClick=${() => look([["state", [state]]])}>
      <${Pill} state=${state} /> ${number(counts[state])}</button>`)}${children}</div></div>`;
}

function Setup({ view }) {
  const { versions } = view;
  return html`<div class="setup"><${Paste} title="Sweep file" text=${view.file} />
    <dl class="facts">${Object.entries(versions).map(([name, version]) =>
      html`<div><dt>${name}</dt><dd>${version}</dd></div>`)}</dl></div>`;
}

/** What stands where there is no trial: an agent helps a sweep that runs, and no other. */
function First({ overview }) {
  const { id, state, agents } = overview;
  if (state === "cancelled" || state === "finished") return html`<${Empty} title="No trial was begun">
    <p>${state === "finished" ? "Resume it for a first one." : "A cancelled sweep cannot go on."}</p><//>`;
  if (state === "paused") return html`<${Empty} title="No trial has begun yet">
    <p>None begins while it is paused; resume it.</p><//>`;
  return html`<${Empty} title="No trial has begun yet">
    <p>${agents ? "The first one begins as soon as an agent asks."
    : "An agent has to ask for the first one. Start one wherever there is a free machine or GPU."}</p>
    ${!agents && html`<${Paste} title="In a terminal" text=${`besom agent ${id}`} />`}<//>`;
}

/** The window's title tells how far it is; screen readers hear of a new best trial. */
function useTitle(overview) {
  const best = useRef();
  useEffect(() => {
    if (!overview) return;
    const { name, state, share, best_trial: trial, best_text: text } = overview;
    const part = state === "running" && share !== null ? `${Math.round(100 * share)} % · ` : "";
    document.title = `${part}${name} · besom`;
    if (best.current !== undefined && best.current !== trial &&
      trial !== null) announce(`New best: ${text}, trial ${trial}.`);
    best.current = trial;
  }, [overview]);
}
