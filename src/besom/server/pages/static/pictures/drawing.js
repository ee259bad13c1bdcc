/** One figure as plotly.js draws it: kept up to date in place, so that zoom and scroll stay. */

import { html, useEffect, useRef } from "../vendor/preact.js";
import { brushAxes, heightsOf, layGrips } from "./axes.js";
import { added, range, without } from "./conditions.js";
import { plotly } from "./plotly.js";
import { highlighted, trialsInside } from "./selection.js";
import { inTurn } from "./turns.js";

const CONFIG = { displayModeBar: false, responsive: false, doubleClick: "reset+autosize", showTips: false };
const MOST_NAMED = 400;
const NARROW_PX = 560;
const hasFinger = matchMedia("(any-pointer: coarse)");

/**
 * Draws `picture` ({name, figure}).
 *
 * `selected` is the Set of trials to show (null: all), `conditions` what selected them, `brush` gets new conditions,
 * `openTrial` a trial's number; `mode` says what a drag does: "select", "zoom", or false for nothing. A change of
 * `turn` forgets zoom. `handle` is given the element, for downloads.
 */
export function Drawing({ picture, selected = null, conditions = [], brush, openTrial, mode = "zoom", turn = 0, height,
  handle, onDrawn }) {
  const place = useRef();
  const latest = useRef({});
  latest.current = { picture, conditions, brush, openTrial, mode };

  useEffect(() => {
    let isCurrent = true;
    const drawn = plotly().then(
      (Plotly) => inTurn(() => isCurrent && place.current &&
        draw(Plotly, place.current, { picture, selected, conditions, mode, turn, height }, latest)),
    );
    drawn.then(() => onDrawn?.(null), (error) => onDrawn?.(error));
    return () => {
      isCurrent = false;
    };
  }, [picture, selected, conditions, mode, turn, height]);

  useEffect(() => {
    const element = place.current;
    handle?.(element);
    const observer = new ResizeObserver(() => element._fullLayout && element.clientWidth &&
      globalThis.Plotly.Plots.resize(element));
    observer.observe(element);
    return () => {
      observer.disconnect();
      globalThis.Plotly?.purge(element);
    };
  }, []);

  return html`<div ref=${place} class="drawing"></div>`;
}

async function draw(Plotly, place, options, latest) {
  const isFirst = !place._fullLayout;
  const { data } = options.picture.figure;
  const layout = layoutOf(place, options);
  const zoomed = isFirst ? {} : zoomedAxes(place, options.turn);
  for (const [name, range] of Object.entries(zoomed)) if (layout[name]) Object.assign(layout[name], range);
  await Plotly.react(place, highlighted(data, options.selected), layout, CONFIG);
  remember(place, options.turn, zoomed);
  if (isFirst) listen(Plotly, place, latest);
}

const AXIS = /^[xy]axis\d*$/;
const drawnRanges = new WeakMap();

/** What the reader zoomed to since the figure was drawn. `uirevision` keeps that only where the figure's own range stays. */
function zoomedAxes(place, turn) {
  const before = drawnRanges.get(place);
  if (before?.turn !== turn) return {};
  const isZoomed = ([name, range]) => {
    const axis = place._fullLayout[name];
    return axis && !axis.autorange && String(axis.range) !== range;
  };
  const kept = ([name]) => [name, { range: [...place._fullLayout[name].range], autorange: false }];
  return Object.fromEntries(Object.entries(before.ranges).filter(isZoomed).map(kept));
}

function remember(place, turn, zoomed) {
  const before = drawnRanges.get(place)?.ranges;
  const axes = Object.entries(place._fullLayout).filter(([name]) => AXIS.test(name));
  const ranges = axes.map(([name, axis]) => [name, name in zoomed ? before[name] : String(axis.range)]);
  drawnRanges.set(place, { turn, ranges: Object.fromEntries(ranges) });
}

/** The figure's layout, fitted to the page. */
function layoutOf(place, { picture, conditions, mode, turn, height }) {
  const layout = structuredClone(picture.figure.layout);
  const ink = getComputedStyle(place).caretColor;
  const isNarrow = place.clientWidth < NARROW_PX;
  delete layout.width;
  layout.autosize = true;
  if (height) layout.height = height;
  else if (isNarrow && !layout.meta?.panels) layout.height = Math.min(layout.height ?? 340, 340);
  layout.uirevision = `${picture.name} ${turn}`;
  layout.selectionrevision = revision();
  layout.selections = [];
  if (layout.dragmode !== false) layout.dragmode = mode;
  layout.newselection = { line: { color: ink, width: 1, dash: "solid" } };
  const paper = layout.template?.layout.paper_bgcolor;
  const look = picture.name === "contours" ? { fillcolor: paper, opacity: 0.3, layer: "above" } // else the map covers it
    : { fillcolor: ink, opacity: 0.1, layer: "below" };
  layout.shapes = [...(layout.shapes ?? []), ...shapesOf(conditions, layout.meta ?? {}, look)];
  return layout;
}

let revisions = 0;
function revision() {
  revisions += 1;
  return revisions;
}

/** What is selected by, drawn into the picture with this look. */
function shapesOf(conditions, meta, shade) {
  const look = { type: "rect", line: { width: 0 }, ...shade };
  const shapes = [];
  for (const condition of conditions) {
    const [column, low, high] = condition;
    for (const axis of (meta.axes ?? []).filter((each) => each.column === column)) {
      for (const [y0, y1] of heightsOf(axis, condition)) shapes.push({ ...look, layer: "above", opacity: 0.28,
        x0: axis.at - 0.05, x1: axis.at + 0.05, y0, y1 });
    }
    if (Array.isArray(low) || low === null || high === null) continue;
    for (const { xaxis, yaxis, x, y } of panelsOf(meta)) {
      if (x === column) shapes.push({ ...look, x0: low, x1: high, xref: xaxis, y0: 0, y1: 1, yref: `${yaxis} domain` });
      if (y === column) shapes.push({ ...look, x0: 0, x1: 1, xref: `${xaxis} domain`, y0: low, y1: high, yref: yaxis });
    }
  }
  return shapes;
}

/** The parts of a figure that have axes of their own, and the columns along them. */
function panelsOf(meta) {
  return meta.panels ?? [{ xaxis: "x", yaxis: "y", x: meta.x, y: meta.y }];
}

function listen(Plotly, place, latest) {
  place.on("plotly_selected", (event) => {
    const { picture, conditions, brush } = latest.current;
    const box = event?.range;
    const chosen = box && brush ? conditionsOfBox(picture.figure, box) : [];
    if (chosen.length) brush(added(conditions, chosen));
    else Plotly.relayout(place, { selections: [] });
  });
  place.on("plotly_click", ({ points, event }) => {
    const [point] = points;
    if (point?.data.meta === "trials" && event.button === 0) latest.current.openTrial?.(point.customdata);
  });
  if (!latest.current.picture.figure.layout.meta?.axes) return;
  brushAxes(place, () => {
    const { picture, conditions, brush } = latest.current;
    const answer = (column, condition) => brush?.(condition ? added(conditions, [condition])
      : without(conditions, column));
    return { axes: brush ? picture.figure.layout.meta.axes : null, brush: answer };
  });
  if (!hasFinger.matches) return;
  const lay = () => layGrips(place, latest.current.picture.figure.layout.meta.axes);
  place.on("plotly_afterplot", lay);
  lay();
}

/** A box as conditions on the columns along its sides; on the trials inside where a side is no column. */
function conditionsOfBox({ data, layout }, box) {
  const panel = panelsOf(layout.meta ?? {}).find(({ xaxis, yaxis }) => box[xaxis] && box[yaxis]);
  if (!panel) return [];
  const [x, y] = [box[panel.xaxis], box[panel.yaxis]].map((ends) => [...ends].sort(upwards));
  const traces = data.filter((trace) => trace.meta === "trials" && (trace.xaxis ?? "x") === panel.xaxis &&
    (trace.yaxis ?? "y") === panel.yaxis);
  if (panel.x && panel.y) return [range(panel.x, ...whole(x, traces, "x")), range(panel.y, ...whole(y, traces, "y"))];
  const inside = trialsInside(traces, { x, y });
  return inside.length && inside.length <= MOST_NAMED ? [["trial", inside]] : [];
}

/** Whole numbers inside `ends`, where all values along that side are whole. */
function whole([low, high], traces, side) {
  const isWhole = traces.every((trace) => trace[side].every((value) => value === null || Number.isInteger(value)));
  return isWhole && Math.ceil(low) <= Math.floor(high) ? [Math.ceil(low), Math.floor(high)] : [low, high];
}

function upwards(one, other) {
  return one - other;
}
