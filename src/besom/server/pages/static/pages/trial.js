/** A trial: what it tried, what came of it, and why. */

import { html, useEffect } from "../vendor/preact.js";
import { useAnswer } from "../api.js";
import { Ago, bytes, counted, duration, number, spread } from "../format.js";
import { useNews, usePaced } from "../live.js";
import { TrialActions } from "../parts/actions.js";
import { Choice } from "../parts/choice.js";
import { Icon } from "../parts/icon.js";
import { readable } from "../parts/output.js";
import { Pill } from "../parts/pill.js";
import { Settings } from "../parts/settings.js";
import { Skeleton, Trouble } from "../parts/states.js";
import { Why } from "../parts/why.js";
import { Picture } from "../pictures/picture.js";
import { sweepPath } from "../router.js";
import { Runs } from "./runs.js";

const CARD_MS = 700;
const PICTURES_MS = 3000;

/** The page. */
export default function Trial({ sweep, trial: wanted, params }) {
  const news = useNews("sweep", ({ id }) => id === sweep, sweep);
  const paced = usePaced(news, CARD_MS);
  const root = `/api/v1${sweepPath(sweep)}`;
  const { data: card, error } = useAnswer(`${root}/trials/${wanted}/card`, paced);
  const { data: view } = useAnswer(`${root}/view`, usePaced(news, PICTURES_MS));
  const pulse = usePaced(news, PICTURES_MS);
  useEffect(() => {
    document.title = `Trial ${wanted} · ${view?.overview.name ?? sweep} · besom`;
  }, [wanted, view]);
  const back = html`<a class="button" href=${sweepPath(sweep)}>The sweep</a>`;
  if (error && !card) return html`<div class="page"><${Trouble} isPage error=${error}>${back}<//></div>`;
  if (!card) return html`<div class="page"><${Skeleton} lines=${2} /><${Skeleton} tall /></div>`;
  return html`<div class="page trial">
    <${Head} sweep=${sweep} card=${card} view=${view} />
    ${view?.notice && html`<p class="notice" role="note">${view.notice}</p>`}
    ${card.trial.failure && html`<${Failure} failure=${card.trial.failure} lines=${card.failure} />`}
    <div class="split">
      <div><${Decisions} card=${card} metric=${view?.overview.metric || "value"} />
        <section><header><h2>Configuration</h2></header><${Settings} card=${card} sweep=${sweep} /></section>
        <${Numbers} card=${card} /></div>
      <div><${Charts} sweep=${sweep} card=${card} params=${params} pulse=${pulse} /></div>
    </div>
    <${Runs} card=${card} params=${params} pulse=${paced} />
  </div>`;
}

function Head({ sweep, card, view }) {
  const { trial } = card;
  const last = view?.overview.trials;
  const unit = view?.progress?.fidelity_unit;
  const value = trial.value === null ? "no value" : number(trial.value);
  const rank = card.rank === null ? card.unranked && html`<li>${card.unranked}</li>` : card.is_best
    ? html`<li class="accent"><span class="best-mark"></span>best of ${card.ranked}</li>`
    : html`<li>${ordinal(card.rank)} of ${card.ranked}</li>`;
  return html`<header class="head">
    <p class="crumbs"><a href="/">Sweeps</a><a href=${sweepPath(sweep)}>${view?.overview.name ?? sweep}</a></p>
    <div class="row"><h1>Trial ${trial.number}</h1><${Pill} state=${trial.state} />
      <nav class="steps" aria-label="Other trials">
        <${Step} sweep=${sweep} to=${trial.number - 1} isThere=${trial.number > 1} rel="prev" />
        <${Step} sweep=${sweep} to=${trial.number + 1} isThere=${last === undefined || trial.number < last}
        rel="next" /></nav>
      <${TrialActions} sweep=${sweep} sweepState=${view?.overview.state} trial=${trial} formats=${view?.best_formats} />
        </div>
    <ul class="dotted big">
      <li>${card.unranked ? value : html`<b class=${card.is_best ? "accent" : ""}>${value}</b>`}
        ${trial.spread !== null && ` ${spread(trial.spread)}`} ${view?.overview.metric}</li>
      ${rank}
      ${trial.fidelity > 0 && html`<li>${counted(trial.fidelity, unit || "row")}</li>`}
      <li>${duration(trial.seconds)}</li>
      <li>${trial.ended_at ? html`ended <${Ago} at=${trial.ended_at} />`
        : html`suggested <${Ago} at=${trial.created_at} />`}</li>
      ${trial.kept && html`<li>kept: no rule stops it</li>`}
    </ul>
  </header>`;
}

function Step({ sweep, to, isThere, rel }) {
  const [words, icon] = rel === "prev" ? ["Trial before (k)", "left"] : ["Next trial (j)", "right"];
  if (!isThere) return html`<span class="button square off" aria-hidden="true"><${Icon} name=${icon} /></span>`;
  return html`<a class="button square" rel=${rel} href=${sweepPath(sweep, to)} title=${words} aria-label=${words}>
    <${Icon} name=${icon} /></a>`;
}

function Failure({ failure, lines }) {
  const how = [failure.exit_code !== null && `exit code ${failure.exit_code}`, failure.signal !== null &&
    `signal ${failure.signal}`].filter(Boolean).join(", ");
  const text = readable(lines || failure.last_lines);
  return html`<section class="failure" aria-label="Failure">
    <header><h2><${Icon} name="failed" />${failure.cause}</h2><span class="note">${how}</span></header>
    ${failure.message && html`<p>${readable(failure.message)}</p>`}
      ${text && html`<pre tabindex="0" aria-label="The last lines that it printed">${text}</pre>`}</section>`;
}

function Decisions({ card, metric }) {
  return html`<section class="decisions"><header><h2>Why</h2></header><${Why} decisions=${card.why} metric=${metric} />
    </section>`;
}

function Charts({ sweep, card, params, pulse }) {
  const first = params.get("metrics");
  const path = (name) => `/api/v1${sweepPath(sweep, card.trial.number)}/pictures/${name}`;
  return html`<${Picture} name="metrics" title="Metrics" isFirst path=${path("metrics")} choices=${{ first }}
      pulse=${pulse}>
      ${(picture) => picture?.options.length > 1 && html`<${Choice} label="Metrics" name="metrics" value=${first ?? ""}
        options=${picture.options} />`}<//>
    <${Picture} name="resources" title="Resources over time" path=${path("resources")} pulse=${pulse} />`;
}

function Numbers({ card }) {
  const { summary, resources, checkpoint } = card;
  return html`<${Facts} title="Summary" facts=${summary} /><${Facts} title="Resources" facts=${resources} />
    ${checkpoint && html`<section><header><h2>Checkpoint</h2></header>
      <p class="note"><code>${checkpoint.folder}</code>, ${counted(checkpoint.files.length, "file")}</p>
      <dl class="facts">${checkpoint.files.map((file) =>
        html`<div><dt>${file.name}</dt><dd>${bytes(file.bytes)}, <${Ago} at=${file.modified_at} /></dd></div>`)}</dl>
        </section>`}`;
}

function Facts({ title, facts }) {
  if (!facts.length) return null;
  return html`<section><header><h2>${title}</h2></header>
    <dl class="facts">${facts.map(({ label, text }) => html`<div><dt>${label}</dt><dd>${text}</dd></div>`)}</dl>
    </section>`;
}

function ordinal(place) {
  const suffix = { one: "st", two: "nd", few: "rd",
    other: "th" }[new Intl.PluralRules("en", { type: "ordinal" }).select(place)];
  return `${place}${suffix}`;
}
