/** Words for numbers and instants, where the server leaves them to the page. */

import { html, useEffect, useState } from "./vendor/preact.js";

let dates = null; // costs much to make, as all of Intl does

/** A whole number in full; others with at most five digits that count; tiny and huge ones with an exponent. */
export function number(value) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(3).replace(/\.?0+e/, "e").replace("e+",
    "e");
  const [whole, part] = String(Number.isInteger(value) ? value : Number(value.toPrecision(5))).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part ? `${grouped}.${part}` : grouped;
}

/** A number's text with at most six digits that count; other texts as they are. */
export function short(text) {
  return /^-?\d*\.?\d+(e[-+]?\d+)?$/i.test(text) && text.length > 9 ? String(Number(Number(text).toPrecision(6)))
    : text;
}

/** "1 trial", "2 trials". */
export function counted(count, noun) {
  return `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Seconds in the two largest units that are not 0. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [[Math.floor(whole / 86400), "d"], [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  const first = parts.findIndex(([amount]) => amount);
  if (first < 0) return "0 s";
  return parts.slice(first,
    first + 2).filter(([amount]) => amount).map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

/** Bytes, with a unit. */
export function bytes(count) {
  const power = Math.min(4, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${number(Number((count / 1000 ** power).toPrecision(3)))} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

/** How long ago an instant (seconds since the epoch) was; its date at a touch. */
export function Ago({ at }) {
  const now = useNow(10_000);
  if (!at) return "";
  const date = new Date(at * 1000);
  const seconds = now / 1000 - at;
  return html`<time datetime=${date.toISOString()} title=${instant(at)}>
    ${seconds < 5 ? "just now" : `${coarse(seconds)} ago`}</time>`;
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
