/** Upright axes of the parallel picture: values to heights and back, and brushing by dragging along one. */

import { range } from "./conditions.js";

const REACH_PX = 22;
const LEAST_PX = 4;
const EDGE = 0.012;
const GRIP = "grip";

// Both work without the ends' difference or ratio, which may be larger than any number.

/** The value of an axis at a height from 0 to 1. */
export function valueAt(axis, height) {
  const part = axis.is_reversed ? 1 - height : height;
  return axis.log ? axis.low ** (1 - part) * axis.high ** part : axis.low * (1 - part) + axis.high * part;
}

/** The height of a value on an axis. */
export function heightOf(axis, value) {
  const [low, high, at] = [axis.low, axis.high, value].map((each) => (axis.log ? Math.log(each) : each / 2));
  const part = high > low ? (at - low) / (high - low) : 0.5;
  return axis.is_reversed ? 1 - part : part;
}

/** The condition for what lies between two heights of an axis; null where nothing does. */
export function conditionBetween(axis, bottom, top) {
  if (axis.levels) {
    const inside = axis.levels.filter(([, height]) => height >= bottom && height <= top).map(([value]) => value);
    return inside.length ? [axis.column, inside] : null;
  }
  const ends = [bottom <= EDGE ? null : valueAt(axis, bottom), top >= 1 - EDGE ? null : valueAt(axis, top)];
  const [low, high] = axis.is_reversed ? ends.reverse() : ends;
  return low === null && high === null ? null : range(axis.column, low, high);
}

/** The heights that a condition covers on an axis, as [bottom, top] pairs. */
export function heightsOf(axis, [, low, high]) {
  if (Array.isArray(low)) {
    const half = axis.levels ? Math.min(0.06, 0.4 / axis.levels.length) : 0.015;
    const place = (value) => (axis.levels ? axis.levels.find(([level]) => level === value)?.[1]
      : heightOf(axis, value));
    return low.map(place).filter((height) => height !== undefined).map((height) => [height - half, height + half]);
  }
  const ends = [low ?? axis.low, high ?? axis.high].map((value) => Math.max(0, Math.min(1, heightOf(axis, value))));
  return [ends.sort((one, other) => one - other)];
}

/**
 * Let a drag along an axis of the picture in `place` brush it, a click clear it. `read` gives {axes, brush}.
 *
 * A finger does so on the strips that `layGrips` lays over the axes: anywhere else it scrolls the page.
 */
export function brushAxes(place, read) {
  let drag = null;
  const begin = (event) => {
    const isMeant = event.button === 0 && (event.pointerType !== "touch" || event.target.className === GRIP);
    const axis = isMeant ? nearest(place, read().axes, event) : null;
    if (!axis) return;
    event.preventDefault();
    event.stopPropagation();
    drag = { axis, from: event.clientY, band: band(place, axis, event.clientY, event.clientY) };
    place.setPointerCapture(event.pointerId);
  };
  const move = (event) => {
    if (drag) band(place, drag.axis, drag.from, event.clientY, drag.band);
    else place.classList.toggle("upright", Boolean(nearest(place, read().axes, event)));
  };
  const leave = () => {
    drag?.band.remove();
    drag = null;
  };
  const end = (event) => {
    if (!drag) return;
    const { axis, from } = drag;
    leave();
    const heights = [from, event.clientY].map((at) => heightAt(place, at)).sort((one, other) => one - other);
    const isClick = Math.abs(event.clientY - from) < LEAST_PX;
    read().brush(axis.column, isClick ? null : conditionBetween(axis, ...heights));
  };
  const listeners = [["pointerdown", begin], ["pointermove", move], ["pointerup", end], ["pointercancel", leave]];
  for (const [kind, listener] of listeners) place.addEventListener(kind, listener, true);
  place.addEventListener("mousedown", (event) => drag && event.stopPropagation(), true);
}

/** Lay strips over the axes for fingers, in which a drag does not scroll. Those that are there stay: one may be held. */
export function layGrips(place, axes) {
  const { xaxis, yaxis } = place._fullLayout;
  const strips = [...place.querySelectorAll(`.${GRIP}`)];
  for (const old of strips.splice(axes.length)) old.remove();
  for (const [at, axis] of axes.entries()) {
    const strip = strips[at] ?? place.appendChild(document.createElement("div"));
    strip.className = GRIP;
    strip.style.setProperty("left", `${xaxis._offset + xaxis.d2p(axis.at) - 16}px`);
    strip.style.setProperty("top", `${yaxis._offset}px`);
    strip.style.setProperty("height", `${yaxis._length}px`);
  }
}

function nearest(place, axes, event) {
  const { xaxis } = place._fullLayout ?? {};
  if (!axes || !xaxis) return null;
  const x = event.clientX - place.getBoundingClientRect().left - xaxis._offset;
  const away = (axis) => Math.abs(xaxis.d2p(axis.at) - x);
  const axis = axes.reduce((best, each) => (!best || away(each) < away(best) ? each : best), null);
  return axis && away(axis) <= REACH_PX ? axis : null;
}

function heightAt(place, clientY) {
  const { yaxis } = place._fullLayout;
  return yaxis.p2d(clientY - place.getBoundingClientRect().top - yaxis._offset);
}

function band(place, axis, from, to, element = place.appendChild(document.createElement("div"))) {
  const box = place.getBoundingClientRect();
  const { xaxis } = place._fullLayout;
  element.className = "band";
  element.style.setProperty("left", `${xaxis._offset + xaxis.d2p(axis.at) - 9}px`);
  element.style.setProperty("top", `${Math.min(from, to) - box.top}px`);
  element.style.setProperty("height", `${Math.abs(to - from)}px`);
  return element;
}
