// What is drawn besides the two lines of a health curve: a usual day, where the pool is liquidated, stages, today.

/** The colours of the theme that is shown, as a canvas needs them. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return { ink: of("ink"), soft: of("soft"), rule: of("rule"), strong: of("strong-rule"), link: of("link"), danger: of("danger"), gone: of("danger-bg"), warn: of("warn"), sigma: of("sunken"), card: of("raised"), font: of("font"), rem: parseFloat(style.fontSize) };
}

export const markers = { under, over };

function under(plot, answer, ink) {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  if (answer.sigma_ratio !== null) band(plot, -answer.sigma_ratio, answer.sigma_ratio, ink.sigma);
  for (const [begin, end] of gone(answer)) band(plot, begin, end, ink.gone, ink.danger);
  ctx.restore();
}

function band(plot, begin, end, fill, hatch = null) {
  const { ctx } = plot;
  const { top, height } = plot.bbox;
  const [x, until] = [begin, end].map((move) => plot.valToPos(move, "x", true));
  ctx.fillStyle = fill;
  ctx.fillRect(x, top, until - x, height);
  if (hatch === null) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, top, until - x, height);
  ctx.clip();
  ctx.globalAlpha = 0.22; // stripes, so that it is told from the rest without colour
  ctx.strokeStyle = hatch;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (let place = x - height; place < until; place += 9 * devicePixelRatio) {
    ctx.moveTo(place, top + height);
    ctx.lineTo(place + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

/** Runs of moves where the pool is liquidated. A crossing that the report knows is their exact edge. */
function gone(answer) {
  const runs = [];
  const first = { down: answer.line.down?.state === "at" ? -answer.line.down.distance_ratio : null, up: answer.line.up?.state === "at" ? answer.line.up.distance_ratio : null };
  let begin = null;
  answer.move.forEach((move, place) => {
    const [equity, required] = [answer.equity_usd[place], answer.requirement_usd[place]];
    const under = equity !== null && required !== null && equity <= required;
    if (under && begin === null) begin = move;
    if (!under && begin !== null) {
      runs.push([begin, answer.move[place - 1]]);
      begin = null;
    }
  });
  if (begin !== null) runs.push([begin, answer.move.at(-1)]);
  const step = answer.move[1] - answer.move[0];
  const snapped = (move, edge) => (edge !== null && Math.abs(move - edge) <= 1.01 * step ? edge : move);
  return runs.map(([from, to]) => [snapped(from, first.up), snapped(to, first.down)]);
}

function over(plot, answer, ink) {
  const { ctx } = plot;
  ctx.save();
  ctx.font = `550 ${0.75 * ink.rem * devicePixelRatio}px ${ink.font}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  line(plot, 0, ink.strong, [3, 3]);
  const marks = [];
  const [least, most] = [answer.move[0], answer.move.at(-1)];
  const add = (name, way, colour) => {
    if (way?.state !== "at" || typeof way.distance_ratio !== "number") return;
    const at = way.side * way.distance_ratio;
    if (at > least && at < most) marks.push({ name, at, colour });
  };
  for (const [key, side] of [["down", -1], ["up", 1]]) {
    add("liquidation", { ...answer.line[key], side }, ink.danger);
    for (const stage of answer.stages) if (stage.name !== "liquidation") add(stage.name.replaceAll("-", " "), { ...stage[key], side }, ink.warn);
  }
  for (const { at, colour } of marks) line(plot, at, colour, []); // all of them first: none runs through a name
  const rows = []; // the right end of the last label in each row
  for (const { name, at, colour } of marks.sort((one, other) => one.at - other.at)) label(plot, name, at, colour, ink, rows);
  ctx.restore();
}

function line(plot, move, stroke, dash) {
  const { ctx } = plot;
  const x = Math.round(plot.valToPos(move, "x", true));
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(x, plot.bbox.top);
  ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** The name of a mark, in the first row in which it does not lie over another one. */
function label(plot, name, move, colour, ink, rows) {
  const { ctx } = plot;
  const { left, top, width } = plot.bbox;
  const x = Math.round(plot.valToPos(move, "x", true));
  const pad = 0.3 * ink.rem * devicePixelRatio;
  const size = ctx.measureText(name).width + 2 * pad;
  const begin = Math.max(left, Math.min(x - size / 2, left + width - size));
  let row = rows.findIndex((end) => end < begin);
  if (row < 0) row = rows.length;
  rows[row] = begin + size + pad;
  const high = 1.3 * ink.rem * devicePixelRatio;
  const y = top + pad + row * (high + 2);
  ctx.fillStyle = ink.card;
  ctx.strokeStyle = colour;
  ctx.beginPath();
  ctx.roundRect(begin, y, size, high, pad);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = colour;
  ctx.fillText(name, begin + pad, y + high / 2);
}
