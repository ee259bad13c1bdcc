/** The pictures of a sweep, by what they tell of. */

import { html, useMemo } from "../vendor/preact.js";
import { useAnswer } from "../api.js";
import { Choice, Pick } from "../parts/choice.js";
import { look } from "../parts/chips.js";
import { Picture, pictureAddress } from "../pictures/picture.js";
import { go, sweepPath } from "../router.js";
import { useLook } from "../theme.js";

const TABS = { search: ["history", "curves", "parallel"], parameters: ["importance", "slices", "contours"],
  cost: ["cost", "timeline", "resources"] };
const KINDS = { parallel: "whole broad", slices: "whole", timeline: "whole", contours: "whole",
  importance: "whole", resources: "whole", cost: "whole" };
const AXES = { trials: "Trials", epochs: "Epochs", hours: "Hours", gpu_hours: "GPU-hours" };

/** Those of a tab that there are for this sweep. */
export function Pictures({ tab, sweep, view, params, pulses, conditions, selected }) {
  const there = new Map(view.pictures.map((picture) => [picture.name, picture.title]));
  const shared = {
    params, view, pulse: pulses.all, running: pulses.running,
    drawing: { selected, conditions, brush: look, openTrial: (number) => go(sweepPath(sweep, number)) },
  };
  return html`<div class="pictures">${(TABS[tab] ?? []).filter((name) => there.has(name)).map((name, at) => {
    const Kind = { history: History, curves: Curves, slices: Slices, contours: Contours }[name] ?? Plain;
    return html`<${Kind} key=${name} name=${name} path=${`/api/v1${sweepPath(sweep)}/pictures/${name}`}
      title=${there.get(name)} kind=${KINDS[name]} isFirst=${at === 0} ...${shared} />`;
  })}</div>`;
}

function Plain({ name, title, kind, path, isFirst, pulse, drawing }) {
  return html`<${Picture} name=${name} title=${title} kind=${kind} path=${path} isFirst=${isFirst} pulse=${pulse}
    ...${drawing} />`;
}

function History({ name, title, kind, path, isFirst, view, params, pulse, drawing }) {
  const x = params.get("x");
  const options = view.x_axes.map((axis) => [axis, AXES[axis] ?? axis]);
  return html`<${Picture} name=${name} title=${title} kind=${kind} path=${path} choices=${{ x }} isFirst=${isFirst} pulse=${pulse}
    ...${drawing}>
    ${options.length > 1 && html`<${Choice} label="Over" name="x" value=${x ?? options[0][0]} options=${options} />`}
      <//>`;
}

/** All curves at the usual pace; those of running trials are asked for more often and put in their place. */
function Curves({ name, title, kind, path, isFirst, view, params, pulse, running, drawing }) {
  const metric = params.get("metric");
  const look = useLook();
  const isLive = view.overview.counts.running > 0;
  const { data: latest } = useAnswer(isLive && running !== pulse
    ? pictureAddress(path, { metric, only: "running" }, look) : null, running);
  const merge = useMemo(() => merger(isLive ? latest : null), [isLive, latest]);
  const usual = view.overview.metric || view.metrics[0];
  return html`<${Picture} name=${name} title=${title} kind=${kind} path=${path} choices=${{ metric }}
    isFirst=${isFirst} pulse=${pulse}
    merge=${merge} ...${drawing}>
    ${view.metrics.length > 1 &&
      html`<${Pick} label="Metric" name="metric" value=${metric ?? usual} options=${view.metrics} usual=${usual} />`}
      <//>`;
}

/** Puts the running trials' traces of a later answer in place of those that a picture has. */
function merger(latest) {
  let [from, made] = [null, null];
  return (picture) => {
    if (!latest?.figure || !picture.figure || latest === picture) return picture;
    if (from === picture) return made;
    const isRunning = (trace) => trace.legendgroup === "running";
    const at = picture.figure.data.findIndex(isRunning);
    const others = picture.figure.data.filter((trace) => !isRunning(trace));
    const data = others.toSpliced(at < 0 ? others.length : at, 0, ...latest.figure.data.filter(isRunning));
    [from, made] = [picture, { ...picture, figure: { ...picture.figure, data } }];
    return made;
  };
}

/** Each parameter by itself; the one that the address names in place of those that matter most. */
function Slices({ name, title, kind, path, isFirst, params, pulse, drawing }) {
  const a = params.get("slice");
  return html`<${Picture} name=${name} title=${title} kind=${kind} path=${path} choices=${{ a }} isFirst=${isFirst} pulse=${pulse}
    ...${drawing}>
    ${(picture) => picture?.options.length > 2 && html`<${Pick} label="Parameter" name="slice" value=${a ?? ""}
      options=${picture.options} usual="" />`}<//>`;
}

function Contours({ name, title, kind, path, isFirst, params, pulse, drawing }) {
  const [a, b] = [params.get("a"), params.get("b")];
  const pick = (options, key, value) =>
    html`<${Pick} label=${key === "a" ? "Across" : "Upwards"} name=${key} value=${value ?? ""} options=${options}
    usual="" />`;
  return html`<${Picture} name=${name} title=${title} kind=${kind} path=${path} choices=${{ a, b }}
    isFirst=${isFirst} pulse=${pulse}
    ...${drawing}>
    ${(picture) => picture?.options.length > 3 && html`<span class="picks">
      ${pick(picture.options, "a", a)} ${pick(picture.options, "b", b)}</span>`}<//>`;
}
