/** Light or dark: as the system has it, unless the reader chose otherwise. */

import { useEffect, useState } from "./vendor/preact.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 640px)");
const listeners = new Set();

/** "light" or "dark", whichever is shown. */
export function theme() {
  return document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");
}

/** The theme, and again whenever it changes. */
export function useTheme() {
  const [now, set] = useState(theme);
  useEffect(() => {
    const listener = () => set(theme());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return now;
}

/** How pictures are to look here: in which colours, and whether there is only a phone's width for them. */
export function useLook() {
  const shown = useTheme();
  const [isNarrow, set] = useState(narrow.matches);
  useEffect(() => {
    const listener = () => set(narrow.matches);
    narrow.addEventListener("change", listener);
    return () => narrow.removeEventListener("change", listener);
  }, []);
  return { theme: shown, narrow: isNarrow ? 1 : null };
}

/** Change to the other theme; the system's own is followed from then on, the other one is kept. */
export function switchTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  const isSystems = next === (system.matches ? "dark" : "light");
  if (isSystems) {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("theme");
  } else {
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
  }
  tell();
}

function tell() {
  for (const listener of [...listeners]) listener();
}

system.addEventListener("change", tell);
