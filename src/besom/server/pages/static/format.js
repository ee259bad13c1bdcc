/** Words for numbers and instants, where the server leaves them to the page. */

import { html, useEffect, useState } from "./vendor/preact.js";

let dates = null; // costs much to make, as all of Intl does

/**
 * A number with so many significant digits; those before the point are never rounded away, tiny and huge numbers have
 * an exponent. The same law as `number` of `analysis/wording.py`.
 */
export function number(value, digits = 5) {
  if (value === null || value === undefined) return "";
  if (!Number.isFinite(value)) return String(value).replace("Infinity", "inf");
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  if (exponent < -4 || Math.abs(value) >= 1e7) return `${withoutZeros(mantissa)}e${Number(exponent)}`;
  return grouped(withoutZeros(value.toFixed(Math.max(0, digits - 1 - exponent))));
}

/** What a value may be off by. */
export function spread(value) {
  return `± ${number(value, 2)}`;
}

/** The text of a long number in short, whole numbers in full; other texts as they are. */
export function short(text) {
  if (/^-?\d+$/.test(text)) return grouped(text);
  return /^-?\d*\.?\d+(e[-+]?\d+)?$/i.test(text) ? number(Number(text)) : text;
}

/** "1 trial", "2 trials". */
export function counted(count, noun) {
  return `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Seconds in the two largest units that are not 0; few of them with a tenth, as `duration` of `analysis/wording.py`. */
export function duration(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  const parts = [[Math.floor(whole / 86400), "d"], [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  const first = parts.findIndex(([amount]) => amount);
  return parts.slice(first,
    first + 2).filter(([amount]) => amount).map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

/** Bytes, with a unit. */
export function bytes(count) {
  const power = Math.min(4, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${number(Number((count / 1000 ** power).toPrecision(3)))} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

/** How long ago an instant (seconds since the epoch) was; its date at a touch, and on paper, where no time passes. */
export function Ago({ at }) {
  const isFresh = at && Date.now() / 1000 - at < 60;
  const now = useNow(isFresh ? 1000 : 10_000);
  if (!at) return "";
  const date = new Date(at * 1000);
  const seconds = now / 1000 - at;
  return html`<time datetime=${date.toISOString()} title=${instant(at)}>
    <span>${seconds < 5 ? "just now" : `${coarse(seconds)} ago`}</span></time>`;
}

/** An instant's date and time. */
export function instant(at) {
  dates ??= new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });
  return at ? dates.format(new Date(at * 1000)) : "";
}

/** The time of day of an instant in milliseconds since the epoch. */
export function clock(ms) {
  return new Date(ms).toLocaleTimeString("en", { timeStyle: "medium" });
}

/** The time in milliseconds since the epoch, again every `ms`. */
export function useNow(ms) {
  const [now, set] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}

function coarse(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return counted(Math.floor(seconds / 86400), "day");
}

function withoutZeros(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function grouped(text) {
  const [whole, part] = text.split(".");
  const parted = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part ? `${parted}.${part}` : parted;
}
