// The margin ratio of the last hours as a small line. What was not known is a gap.

import { mark, svg } from "./dom.js";

const WIDTH = 100;
const HEIGHT = 28;
const LEAST_TOP = 0.2; // of the scale: a calm pool shall look calm

export class Spark {
  constructor() {
    this.path = svg("path", { class: "trace" });
    this.area = svg("path", { class: "area" });
    this.limit = svg("path", { class: "limit" });
    this.element = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.area, this.limit, this.path);
  }

  /** `ratios`: one a step, oldest first, null where not known; undefined where nothing is remembered. */
  show(ratios, levels) {
    if (ratios === this.ratios) return;
    this.ratios = ratios;
    const known = (ratios ?? []).filter((ratio) => ratio !== null);
    const top = Math.max(LEAST_TOP, 1.15 * Math.max(0, ...known.map((ratio) => Math.min(ratio, 1.5))));
    const y = (ratio) => (HEIGHT - 1 - (HEIGHT - 2) * Math.min(1, ratio / top)).toFixed(1);
    const line = known.length > 1 ? ratios : []; // one point is no line
    mark(this.path, "d", trace(line, y));
    mark(this.area, "d", area(line, y));
    const { warning } = levels.margin_ratio;
    mark(this.limit, "d", line.length && warning < top ? `M0 ${y(warning)}H${WIDTH}` : "");
  }
}

const x = (place, size) => ((WIDTH * place) / Math.max(1, size - 1)).toFixed(1);

/** Runs of what is known: [[place, ratio], …]. */
function runs(ratios) {
  const all = [];
  let run = [];
  ratios.forEach((ratio, place) => {
    if (ratio !== null) run.push([place, ratio]);
    else if (run.length) {
      all.push(run);
      run = [];
    }
  });
  if (run.length) all.push(run);
  return all;
}

function trace(ratios, y) {
  return runs(ratios).map((run) => {
    const points = run.map(([place, ratio]) => `${x(place, ratios.length)} ${y(ratio)}`);
    return run.length === 1 ? `M${points[0]}h1.5` : `M${points.join("L")}`;
  }).join("");
}

function area(ratios, y) {
  return runs(ratios).filter((run) => run.length > 1).map((run) => {
    const points = run.map(([place, ratio]) => `${x(place, ratios.length)} ${y(ratio)}`);
    return `M${x(run[0][0], ratios.length)} ${HEIGHT}L${points.join("L")}L${x(run.at(-1)[0], ratios.length)} ${HEIGHT}Z`;
  }).join("");
}
