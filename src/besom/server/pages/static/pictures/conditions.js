/**
 * Conditions: which trials are looked at. They are kept in the address as `where`, a JSON list of
 * ["column", low|null, high|null] and ["column", [value, …]], all of which must hold.
 */

import { counted, number } from "../format.js";

/** The conditions in an address's parameters. */
export function conditionsOf(params) {
  try {
    const given = JSON.parse(params.get("where") ?? "[]");
    return Array.isArray(given) ? given.filter((each) => Array.isArray(each) && typeof each[0] === "string") : [];
  } catch {
    return [];
  }
}

/** Conditions as the address has them; null for none. */
export function written(conditions) {
  return conditions.length ? JSON.stringify(conditions) : null;
}

/** A range of a column; digits that no picture shows are left out. */
export function range(column, low, high) {
  return [column, low === null ? null : Number(low.toPrecision(6)), high === null ? null : Number(high.toPrecision(6))];
}

/** The conditions with these added, each in place of one on the same column. */
export function added(conditions, more) {
  const columns = new Set(more.map(([column]) => column));
  return [...conditions.filter(([column]) => !columns.has(column)), ...more];
}

/** The conditions without those on a column. */
export function without(conditions, column) {
  return conditions.filter(([each]) => each !== column);
}

/** A condition in words: what it is on, and what must hold. */
export function inWords([column, low, high], titles = {}) {
  const title = titles[column] ?? column.replace(/^(parameter|resource):/, "");
  if (column === "trial" && Array.isArray(low)) return ["trial", low.length > 4
    ? `one of ${counted(low.length, "trial")}` : low.join(", ")];
  if (Array.isArray(low)) return [title, low.map(String).join(", ")];
  if (low === null || low === undefined) return [title, `≤ ${number(high)}`];
  if (high === null || high === undefined) return [title, `≥ ${number(low)}`];
  return [title, `${number(low)} – ${number(high)}`];
}
