/** plotly.js, loaded once, when the first picture is drawn. */

const ADDRESS = "/static/plotly-cartesian.min.js";
const PAINTED_MS = 60;
let loading = null;
let last = Promise.resolve();

/** What draws pictures. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: ADDRESS, async: true });
    script.onload = () => resolve(globalThis.Plotly);
    script.onerror = () => {
      loading = null;
      reject(new Error("The script that draws pictures did not load; reload the page."));
    };
    document.head.append(script);
  });
  return loading;
}

/** Do `work` after what was given before, and after that has been seen: one picture appears after the other. */
export function inTurn(work) {
  const done = last.then(work);
  last = done.catch(() => {}).then(painted);
  return done;
}

/** The next frame has been painted; where the page is hidden there is none to wait for. */
function painted() {
  return new Promise((resolve) => {
    setTimeout(resolve, PAINTED_MS);
    requestAnimationFrame(() => setTimeout(resolve, 0));
  });
}
