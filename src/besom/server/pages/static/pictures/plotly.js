/** plotly.js, loaded once, as early as the address tells that there will be a picture. */

const ADDRESS = new URL("../plotly-cartesian.min.js", import.meta.url).href;
let loading = null;

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
