// The health curve of a pool: what it has and what is required of it, against the move of a coin or of all coins.

import uPlot from "../vendor/uplot/uPlot.js";
import { colours, markers } from "./curve_marks.js";
import { readings, sentences } from "./curve_words.js";

const MARKET = "market";
const SPANS = [0.05, 0.1, 0.25, 0.6, 1]; // of a move either way; the price cannot fall below zero
const POINTS = 161;
const [AXIS_REM, END_REM] = [4.2, 1.6]; // beside the plot: curve.css puts the slider under it by the same measures
const ROOM = 1.35; // of the span beyond the nearest line

export function mount(element, store, context) {
  const curve = new Curve(element, store, context);
  return { show: (pool) => curve.show(pool), hide: () => curve.hide() };
}

class Curve {
  #key = null;
  #of = null;
  #span = ""; // "" is chosen by the lines
  #asked = null;
  #waiting = false;
  #answer = null;
  #plot = null;

  constructor(element, store, context) {
    const { el } = context.dom;
    this.store = store;
    this.context = context;
    this.of = el("select", { on: { change: () => this.#choose({ of: this.of.value }) } });
    this.span = el("select", { on: { change: () => this.#choose({ span: this.span.value }) } },
      el("option", { value: "", text: "fitting" }), SPANS.map((span) => el("option", { value: String(span), text: `± ${context.format.percent(span)}` })));
    this.canvas = el("div", { class: "curve-plot" });
    this.slider = el("input", { type: "range", min: "0", max: String(POINTS - 1), step: "1", "aria-label": "Move along the curve", on: { input: () => this.#read(Number(this.slider.value)) } });
    this.reading = el("p", { class: "curve-reading" });
    this.summary = el("ul", { class: "curve-summary plain" });
    this.legend = el("p", { class: "curve-legend", "aria-hidden": "true" }, legend(el));
    this.table = el("div", { class: "curve-table" });
    this.trouble = el("p", { class: "trouble", role: "status" });
    this.body = el("div", { hidden: true }, this.legend, this.canvas, this.slider, this.reading, this.summary,
      el("details", { on: { toggle: (event) => event.target.open && this.#tabulate() } }, el("summary", { text: "The figures as a table" }), this.table));
    element.classList.add("curve");
    element.replaceChildren(el("div", { class: "curve-tools" }, el("label", { text: "What moves " }, this.of), el("label", { text: "How far " }, this.span)), this.trouble, this.body);
    this.resized = new ResizeObserver(() => this.#resize());
    this.resized.observe(this.canvas);
    addEventListener("themechange", () => this.#draw());
  }

  /** Draws the pool's curve, anew where it is drawn already; what was chosen stays as long as the pool does. */
  show(pool) {
    if (pool.key !== this.#key) {
      this.#key = pool.key;
      this.#waiting = false;
      this.#of = null;
      this.#span = this.span.value = "";
      this.#answer = null;
      this.body.hidden = true;
    }
    const wait = this.#waiting && pool.quality === this.pool.quality; // who is slow is not asked again meanwhile
    this.pool = pool;
    this.#offer();
    if (!wait) this.#ask();
  }

  hide() {
    this.#asked?.abort();
    this.#waiting = false;
    this.#key = null;
  }

  #choose({ of = this.#of, span = this.#span }) {
    this.#of = of;
    this.#span = span;
    this.#ask();
  }

  /** What may move: all coins, each coin, each stablecoin; first what is nearest. */
  #offer() {
    const names = [MARKET, ...Object.keys(this.pool.coins ?? {}), ...Object.keys(this.pool.depegs ?? {})];
    if (this.#of === null || !names.includes(this.#of)) this.#of = nearest(this.pool) ?? MARKET;
    const words = (name) => (name === MARKET ? "all coins together" : name in (this.pool.depegs ?? {}) ? `${name} (leaves its peg)` : name);
    this.context.dom.redraw(this.of, names, () => names.map((name) => this.context.dom.el("option", { value: name, text: words(name) })));
    this.of.value = this.#of;
  }

  async #ask() {
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    this.#waiting = true;
    const { venue, account, pool } = this.pool;
    const span = this.#span === "" ? fitting(this.pool, this.#of) : Number(this.#span);
    const query = new URLSearchParams({ venue, account, pool, of: this.#of, from: String(-Math.min(span, 1)), to: String(span), points: String(POINTS) });
    try {
      const answer = await this.context.get(`/api/v1/curve?${query}`, asked.signal);
      if (asked.signal.aborted) return;
      this.#waiting = false;
      this.#answer = answer;
      this.trouble.textContent = "";
      this.body.hidden = false;
      this.#draw();
    } catch (error) {
      if (asked.signal.aborted || error.name === "AbortError") return;
      this.#waiting = false;
      this.trouble.textContent = `The curve cannot be drawn. ${error.message}`;
      this.body.hidden = true; // an older curve would look like one of now
    }
  }

  #draw() {
    const answer = this.#answer;
    if (answer === null || this.body.hidden) return;
    const { el, redraw } = this.context.dom;
    redraw(this.summary, sentences(answer, this.context.format), (all) => all.map((text) => el("li", { text })));
    const data = [answer.move, answer.equity_usd, answer.requirement_usd];
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(answer), data, this.canvas);
    const known = answer.equity_usd.some((value) => value !== null);
    this.canvas.hidden = this.slider.hidden = this.reading.hidden = this.legend.hidden = !known;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `Equity and requirement in US dollars. ${sentences(answer, this.context.format).join(" ")}`);
    if (this.slider.dataset.of !== `${this.#key} ${answer.of}`) {
      this.slider.dataset.of = `${this.#key} ${answer.of}`;
      this.slider.value = String(today(answer.move));
    }
    this.#read(Number(this.slider.value), false);
    if (this.table.parentNode.open) this.#tabulate();
  }

  #options(answer) {
    const { shortMoney, percent } = this.context.format;
    const ink = colours();
    const axis = { stroke: ink.soft, font: `${0.75 * ink.rem}px ${ink.font}`, grid: { stroke: ink.rule, width: 1 }, ticks: { show: false } };
    return {
      width: Math.max(200, this.canvas.clientWidth),
      height: height(this.canvas.clientWidth),
      padding: [null, END_REM * ink.rem, null, null],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 8 }, y: false },
      scales: { x: { time: false, range: () => [answer.move[0], answer.move.at(-1)] }, y: { range: (_, low, high) => heights(low, high) } },
      axes: [
        { ...axis, size: 1.9 * ink.rem, space: 4.2 * ink.rem, values: (_, places) => places.map((move) => (move === 0 ? "today" : signed(percent, move))) },
        { ...axis, size: AXIS_REM * ink.rem, values: (_, places) => places.map((usd) => shortMoney(usd)) },
      ],
      series: [
        {},
        { label: "equity", stroke: ink.link, width: 0.16 * ink.rem, pxAlign: 0, points: { show: false }, spanGaps: false },
        { label: "required", stroke: ink.danger, width: 0.125 * ink.rem, dash: [0.4 * ink.rem, 0.25 * ink.rem], pxAlign: 0, points: { show: false }, spanGaps: false },
      ],
      hooks: {
        drawClear: [(plot) => markers.under(plot, answer, ink)],
        draw: [(plot) => markers.over(plot, answer, ink)],
        setCursor: [(plot) => plot.cursor.idx !== null && plot.cursor.idx !== undefined && plot.cursor.event && this.#follow(plot.cursor.idx)],
      },
    };
  }

  #follow(place) {
    this.slider.value = String(place);
    this.#say(place);
  }

  /** Reads the curve at one place: what the slider says, and where the cursor stands. */
  #read(place, moved = true) {
    this.#say(place);
    if (!moved || this.#plot === null) return;
    const left = this.#plot.valToPos(this.#answer.move[place], "x");
    this.#plot.setCursor({ left, top: this.#plot.valToPos(this.#answer.equity_usd[place] ?? 0, "y") });
  }

  #say(place) {
    const text = readings(this.#answer, place, this.context.format);
    this.reading.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
  }

  #tabulate() {
    const answer = this.#answer;
    if (answer === null) return;
    const { format, dom } = this.context;
    const places = answer.move.map((_, place) => place).filter((place) => place % 8 === 0 || answer.move[place] === 0);
    const cells = (place) => [signed(format.percent, answer.move[place]), ...(answer.price_now === null ? [] : [format.price(answer.price[place])]),
      format.money(answer.equity_usd[place]), format.money(answer.requirement_usd[place]), standing(answer, place)];
    const titles = ["Move", ...(answer.price_now === null ? [] : ["Price"]), "Equity, USD", "Required, USD", "Liquidated"];
    dom.redraw(this.table, places.map(cells), (rows) => [
      dom.el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The curve as a table" },
        dom.el("table", { class: "figures" }, dom.el("thead", {}, dom.el("tr", {}, titles.map((title) => dom.el("th", { scope: "col", class: "number", text: title })))),
          dom.el("tbody", {}, rows.map((row) => dom.el("tr", {}, row.map((text, column) => dom.el(column ? "td" : "th", { class: "number", scope: column ? null : "row", text })))))))]);
  }

  #resize() {
    if (this.#plot === null || this.canvas.clientWidth === 0 || Math.abs(this.#plot.width - this.canvas.clientWidth) < 2) return;
    this.#plot.setSize({ width: this.canvas.clientWidth, height: height(this.canvas.clientWidth) });
  }
}

const height = (width) => Math.round(Math.max(220, Math.min(0.5 * width, 0.42 * innerHeight)));
const signed = (percent, move) => (move > 0 ? "+" : "") + percent(move);
const today = (moves) => moves.reduce((best, move, place) => (Math.abs(move) < Math.abs(moves[best]) ? place : best), 0);

function standing(answer, place) {
  const [equity, required] = [answer.equity_usd[place], answer.requirement_usd[place]];
  return equity === null || required === null ? "unknown" : equity <= required ? "yes" : "no";
}

/** From below zero or zero to the highest, with some room: the zero line is always seen. */
function heights(low, high) {
  if (low === null || high === null) return [0, 1];
  const size = Math.max(high, 0) - Math.min(low, 0) || 1;
  return [Math.min(low, 0) - (low < 0 ? 0.05 * size : 0), Math.max(high, 0) + 0.16 * size];
}

/** The coin whose line is nearest; the market where that is nearer than each coin. */
function nearest(pool) {
  const rays = [[MARKET, pool.market], ...Object.entries(pool.coins ?? {}), ...Object.entries(pool.depegs ?? {})];
  const known = rays.map(([name, sides]) => [name, reach(sides)]).filter(([, distance]) => distance !== null);
  known.sort((one, other) => one[1] - other[1]);
  const coins = Object.keys(pool.coins ?? {});
  return known[0]?.[0] ?? (coins.length === 1 ? coins[0] : null);
}

/** The distance of the nearer line of two, null where neither has one. */
function reach(sides) {
  const distances = Object.values(sides ?? {}).filter((line) => line.state === "at").map((line) => line.distance_ratio);
  return distances.length ? Math.min(...distances) : null;
}

/** The smallest span that shows the nearest line with room, 60 % where there is none. */
function fitting(pool, of) {
  const sides = of === MARKET ? pool.market : (pool.coins?.[of] ?? pool.depegs?.[of]);
  const distance = reach(sides);
  return distance === null ? 0.6 : (SPANS.find((span) => span >= ROOM * distance) ?? 1);
}

function legend(el) {
  const one = (kind, text) => el("span", {}, el("i", { class: `key ${kind}` }), text);
  return [one("equity", "equity, USD"), one("required", "required, USD"), one("sigma", "a usual day (±1 σ)"), one("gone", "liquidated")];
}
