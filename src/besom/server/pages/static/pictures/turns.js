/** Whose turn it is: the first picture of a visit goes before all else, then one appears after the other. */

import { useEffect, useState } from "../vendor/preact.js";

const PAINTED_MS = 60;
const PATIENCE_MS = 10_000;
const waiting = new Set();
let last = Promise.resolve();
let isFirstSeen = false;

/** Do `work`, which draws, after what was given before, and after that has been seen. */
export function inTurn(work) {
  const done = last.then(work);
  last = done.catch(() => {}).then(painted);
  last.then(letOthers);
  return done;
}

/** Whether one may ask the server for more than the first picture: once that was seen, or none is to come. */
export function useTurn(isFirst = false) {
  const [isOn, set] = useState(isFirst || isFirstSeen);
  useEffect(() => {
    if (isOn) return undefined;
    if (isFirstSeen) return set(true);
    const begin = () => set(true);
    const timer = setTimeout(letOthers, PATIENCE_MS);
    waiting.add(begin);
    return () => {
      waiting.delete(begin);
      clearTimeout(timer);
    };
  }, []);
  return isOn;
}

/** The first picture was seen, or there is none. */
export function letOthers() {
  if (isFirstSeen) return;
  isFirstSeen = true;
  performance.mark("besom: first picture");
  for (const begin of waiting) begin();
  waiting.clear();
}

/** The next frame has been painted; where the page is hidden there is none to wait for. */
function painted() {
  return new Promise((resolve) => {
    setTimeout(resolve, PAINTED_MS);
    requestAnimationFrame(() => setTimeout(resolve, 0));
  });
}
