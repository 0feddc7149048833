// One row of the list of pools: made once, then only what changed is written.

import { believed, lineLevel, ratioLevel, summary } from "./danger.js";
import { el, mark, vary, write } from "./dom.js";
import * as format from "./format.js";
import { Spark } from "./spark.js";
import { holdings, levelWord, movement } from "./words.js";

export class Row {
  constructor(id) {
    const cell = (name, ...children) => el("div", { class: name }, ...children);
    const text = (name) => el("span", { class: name });
    this.parts = { name: text("name"), under: text("soft under-name"), ratio: text("figure"), equity: text("figure"), quality: text("badge"), age: text("soft age"), reason: text("why") };
    this.sides = { down: side("down"), up: side("up") };
    this.bar = el("span", { class: "bar" });
    this.spark = new Spark();
    const { name, under, ratio, equity, quality, age, reason } = this.parts;
    this.mark = el("span", { class: "mark" });
    this.element = el("div", { class: "row", role: "option", id },
      cell("mark-cell", this.mark), cell("name-cell", name, under), this.sides.down.element, this.sides.up.element,
      cell("ratio-cell", ratio, this.spark.element, this.bar), cell("equity-cell number", equity),
      cell("quality-cell", quality, el("span", { class: "reason soft" }, age, reason)));
  }

  /** Shows this pool as of now, marked with this level. */
  show(pool, level, levels, now, history, alerts, live) {
    const seen = [pool, level, levels, Math.floor(now), history, alerts, live];
    if (this.seen?.every((each, place) => each === seen[place])) return;
    this.seen = seen;
    const { parts } = this;
    const near = summary(pool);
    const stale = !believed(pool.quality);
    const reasons = format.reasons(pool.reasons) || [...new Set(alerts.map((alert) => alert.rule.replaceAll("_", " ")))].join(", ");
    write(parts.name, pool.account);
    if (this.named !== pool.key) parts.under.replaceChildren(`${pool.venue} `, ...broken(pool.pool));
    this.named = pool.key;
    write(parts.ratio, format.ratio(pool.margin_ratio));
    write(parts.equity, format.shortMoney(pool.equity_usd));
    write(parts.quality, live ? pool.quality : `was ${pool.quality}`);
    write(parts.age, format.age(pool.as_of, now));
    write(parts.reason, reasons && ` · ${reasons}`);
    mark(parts.reason, "title", reasons || null);
    mark(parts.quality, "data-quality", pool.quality);
    mark(this.element, "data-level", level);
    mark(this.mark, "data-level", level);
    mark(this.element, "data-stale", String(stale));
    mark(this.element, "data-pool", pool.key);
    mark(this.bar, "data-level", stale ? "blind" : ratioLevel(pool.margin_ratio, levels));
    vary(this.bar, "--fill", String(filled(pool.margin_ratio)));
    for (const direction of ["down", "up"]) showSide(this.sides[direction], near[direction], near.pegs[direction], pool.market[direction], levels, stale);
    this.spark.show(history, levels);
    mark(this.element, "aria-label", spoken(pool, live ? level : "blind", near, now));
  }
}

/** A name that may go on in the next line behind its colons. */
function broken(name) {
  return name.split(/(?<=:)/).flatMap((part) => [part, el("wbr")]);
}

/** How full the margin is, 0 to 1; 0 with a hatched bar where it is not known. */
export function filled(ratio) {
  if (ratio.state === "liquidatable") return 1;
  return ratio.state === "at" ? Math.min(1, ratio.value) : 0;
}

function side(direction) {
  const figure = el("span", { class: "figure" });
  const coin = el("span");
  const price = el("span", { class: "price" });
  const what = el("span", { class: "soft what" }, coin, price);
  const peg = el("span");
  const market = el("span");
  const arrow = el("span", { class: `arrow ${direction}`, "aria-hidden": "true" });
  return { element: el("div", { class: `side-cell ${direction}` }, el("span", { class: "side-line" }, arrow, figure, what), el("span", { class: "soft market-line" }, peg, market)), figure, coin, price, peg, market };
}

function showSide(parts, coin, peg, market, levels, stale) {
  const line = coin?.line;
  write(parts.figure, line === undefined ? "no coin" : format.line(line) + (coin.doubt && line.state === "at" ? " ?" : ""));
  const price = line?.state === "at" && line.price !== undefined ? format.price(line.price) : "";
  write(parts.coin, line?.state === "never" || line === undefined ? "" : coin.what);
  write(parts.price, price);
  // A stablecoin that leaves its peg is shown where it is near enough to matter; the market gives way where it says nothing.
  const pegged = peg === null ? "calm" : lineLevel(peg.line, levels);
  const near = pegged === "warning" || pegged === "critical";
  write(parts.peg, near ? `${peg.what} ${format.line(peg.line)}` : "");
  parts.peg.hidden = !near;
  mark(parts.peg, "data-level", stale ? null : pegged);
  write(parts.market, market === undefined || (near && market.state === "never") ? "" : `market ${format.line(market)}`);
  mark(parts.market, "data-level", market === undefined || stale ? null : lineLevel(market, levels));
  const level = line === undefined ? "calm" : stale ? "blind" : lineLevel(line, levels);
  mark(parts.element, "data-level", level);
  mark(parts.element, "data-state", line?.state ?? "none");
}

/** The row as one sentence for a screen reader. */
function spoken(pool, level, near, now) {
  const lines = ["down", "up"].filter((direction) => near[direction]).map((direction) => {
    const { what, line } = near[direction];
    return line.state === "never" ? `never when prices ${direction === "down" ? "fall" : "rise"}` : movement(what, direction, line);
  });
  const ratio = `margin used ${format.ratio(pool.margin_ratio)}`;
  const trust = `data ${pool.quality}, ${format.age(pool.as_of, now)} old`;
  return [`${levelWord(level)}: ${pool.account}, ${pool.venue} ${pool.pool}`, ratio, `liquidation: ${lines.join("; ")}`, holdings(pool), trust, ...pool.reasons].join(", ");
}
