// Stress: a map of pools (or accounts, or groups) against scenarios, and what one scenario does, step by step.

import { believed, ratioLevel } from "./danger.js";
import { levelWord } from "./words.js";

const FAMILIES = [
  { name: "grid", title: "All coins", families: ["grid"] },
  { name: "crash", title: "Crashes that happened", families: ["crash"] },
  { name: "gap", title: "One coin gaps", families: ["gap"] },
  { name: "together", title: "All correlations one", families: ["together", "betas"] },
  { name: "depeg", title: "A stablecoin breaks", families: ["depeg"] },
  { name: "named", title: "Own scenarios", families: ["named"] },
];
const ROWS = { pools: "pools", accounts: "accounts", groups: "groups" };
const MOST_ROWS = 60;

export function mount(element, store, context) {
  const stress = new Stress(element, store, context);
  return { open: () => stress.open(), close: () => stress.close() };
}

class Stress {
  #family = FAMILIES[0];
  #rows = "pools";
  #all = false;
  #chosen = null; // the name of the scenario that is read
  #asked = null;
  #answer = null;

  constructor(element, store, context) {
    this.store = store;
    this.context = context;
    const { el } = context.dom;
    const choice = (pressed, text, act) => el("button", { type: "button", "aria-pressed": String(pressed), text, on: { click: act } });
    this.tabs = FAMILIES.map((family) => choice(family === this.#family, family.title, () => this.#turn(family)));
    this.kinds = Object.keys(ROWS).map((rows) => choice(rows === this.#rows, rows, () => this.#show(rows)));
    this.said = el("p", { class: "soft", role: "status" });
    this.map = el("div", { class: "scroll heat", tabindex: "0", role: "region", "aria-label": "Margin used after each scenario" });
    this.more = el("button", { type: "button", class: "link", hidden: true, on: { click: () => this.#grow() } });
    this.one = el("section", { class: "part scenario", "aria-live": "polite" });
    this.notes = el("ul", { class: "plain soft small" });
    element.replaceChildren(
      el("header", { class: "drawer-head" },
        el("div", {}, el("h2", { text: "Stress" }), this.said),
        el("div", { class: "tools" }, el("button", { type: "button", class: "quiet", text: "Again", on: { click: () => this.#ask() } }),
          el("button", { type: "button", class: "quiet icon", "aria-label": "Close", text: "✕", on: { click: () => closing(element) } }))),
      el("div", { class: "drawer-body" },
        el("div", { class: "stress-tools" }, el("div", { class: "choices", role: "group", "aria-label": "Scenarios" }, this.tabs), el("div", { class: "choices", role: "group", "aria-label": "Rows" }, this.kinds)),
        el("p", { class: "heat-legend" }, ["calm", "warning", "critical", "blind"].map((level) => el("span", {}, el("i", { class: "heat-key", data: { heat: level } }), meaning(level))), el("span", {}, el("i", { class: "heat-key", data: { heat: "gone" } }), "liquidated")),
        this.map, this.more, this.one, this.notes));
  }

  open() {
    this.#ask();
  }

  close() {
    this.#asked?.abort();
  }

  #turn(family) {
    this.#family = family;
    this.#chosen = null;
    this.tabs.forEach((tab, place) => tab.setAttribute("aria-pressed", String(FAMILIES[place] === family)));
    this.#ask();
  }

  #show(rows) {
    this.#rows = rows;
    this.kinds.forEach((button, place) => button.setAttribute("aria-pressed", String(Object.keys(ROWS)[place] === rows)));
    this.#draw();
  }

  #grow() {
    this.#all = true;
    this.#draw();
  }

  async #ask() {
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    this.said.textContent = "Working it out …";
    try {
      const answer = await this.context.post("/api/v1/stress", { families: this.#family.families }, asked.signal);
      if (asked.signal.aborted) return;
      this.#answer = answer;
    } catch (error) {
      if (asked.signal.aborted || error.name === "AbortError") return;
      this.#answer = null; // an older map would look like one of now
      this.said.textContent = `This could not be worked out. ${error.message}`;
    }
    this.#draw();
  }

  #draw() {
    const answer = this.#answer;
    const { el } = this.context.dom;
    this.map.replaceChildren();
    this.one.replaceChildren();
    this.notes.replaceChildren();
    this.more.hidden = true;
    if (answer === null) return;
    const quality = answer.quality === "LIVE" ? "" : ` Quality ${answer.quality}: what is not known is marked.`;
    this.said.textContent = `As of ${this.context.format.clock(answer.at, this.store.now())}. Order books are not used: what a liquidation does to prices is not in here.${quality}`;
    this.notes.replaceChildren(...answer.notes.map((text) => el("li", { text })));
    if (answer.scenarios.length === 0) return this.map.replaceChildren(el("p", { class: "empty", text: "There is no such scenario. Own ones stand in the configuration under [stress.scenarios.NAME]." }));
    const rows = this.#rowsOf(answer);
    if (rows.length === 0) return this.map.replaceChildren(el("p", { class: "empty", text: `There are no ${this.#rows}.` }));
    const shown = this.#all ? rows : rows.slice(0, MOST_ROWS);
    this.more.hidden = shown.length === rows.length;
    this.more.textContent = `Show all ${rows.length}`;
    if (!answer.scenarios.some((each) => each.name === this.#chosen)) this.#chosen = worst(answer.scenarios).name;
    const head = answer.scenarios.map((scenario) => el("th", { scope: "col" },
      el("button", { type: "button", class: "heat-head", "aria-pressed": String(scenario.name === this.#chosen), data: { scenario: scenario.name }, text: minused(scenario.name), on: { click: () => this.#choose(scenario.name) } })));
    this.map.replaceChildren(el("table", { class: "heat-map" }, el("caption", { class: "hidden", text: "Margin used, 100 % is liquidation" }),
      el("thead", {}, el("tr", {}, el("th", { scope: "col", class: "heat-name", text: "Margin used" }), el("th", { scope: "col", text: "now" }), head)),
      el("tbody", {}, shown.map((row) => el("tr", {}, el("th", { scope: "row", class: "heat-name" }, el("span", { text: row.name }), el("small", { class: "soft", text: row.under })), this.#cell(row.now, row), row.cells.map((cell) => this.#cell(cell, row)))))));
    this.#tell();
  }

  /** What the map's rows are: each with what holds now and after each scenario. */
  #rowsOf(answer) {
    const kind = this.#rows;
    const named = { pools: (each) => [each.account, `${each.venue} ${each.pool}`], accounts: (each) => [each.account, each.venue], groups: (each) => [each.name, "group"] }[kind];
    return answer[kind].map((now, place) => {
      const [name, under] = named(now);
      return { name, under, now, trusted: now.quality === undefined || believed(now.quality), cells: answer.scenarios.map((scenario) => scenario[kind][place]) };
    });
  }

  #cell(cell, row) {
    const { el } = this.context.dom;
    const { format } = this.context;
    const gone = cell.liquidated === true || (typeof cell.liquidated === "number" && cell.liquidated > 0);
    const unknown = !row.trusted || cell.margin_ratio.state === "unknown" || cell.liquidated === null;
    const level = gone ? "gone" : unknown ? "blind" : ratioLevel(cell.margin_ratio, this.store.levels);
    const pools = typeof cell.liquidated === "number" && cell.liquidated > 0 ? ` ${cell.liquidated}` : "";
    const text = gone ? `✕${pools}` : unknown ? "?" : format.ratio(cell.margin_ratio);
    const words = gone ? `liquidated${pools && `: ${format.count(cell.liquidated, "pool")}`}` : unknown ? "not known" : level === "calm" ? "" : levelWord(level);
    return el("td", { data: { heat: level }, title: `Equity ${format.money(cell.equity_usd)} USD` }, el("span", { "aria-hidden": gone || unknown ? "true" : null, text }), words && el("span", { class: "hidden", text: ` ${words}` }));
  }

  #choose(name) {
    this.#chosen = name;
    for (const button of this.map.querySelectorAll(".heat-head")) button.setAttribute("aria-pressed", String(button.dataset.scenario === name));
    this.#tell();
  }

  /** What the chosen scenario does, in words. */
  #tell() {
    const scenario = this.#answer.scenarios.find((each) => each.name === this.#chosen);
    const { el } = this.context.dom;
    const { format } = this.context;
    const moves = Object.entries(scenario.moves).sort((one, other) => one[1] - other[1]).map(([asset, move]) => `${asset} ${move > 0 ? "+" : ""}${format.percent(move)}`);
    const steps = scenario.order.map((key) => scenario.pools.find((pool) => pool.venue === key.venue && pool.account === key.account && pool.pool === key.pool) ?? key);
    const when = (pool) => (pool.begins_ratio === 0 ? "can be liquidated already" : scenario.gap || pool.begins_ratio === null || pool.begins_ratio === undefined ? "" : `after ${format.percent(pool.begins_ratio)} of the way`);
    this.one.replaceChildren(
      el("h3", { text: minused(scenario.name) }),
      ...[scenario.text && el("p", { text: scenario.text }), el("p", { class: "soft", text: moves.length ? moves.join(", ") : "Nothing that is held moves." }), scenario.source && el("p", { class: "soft small", text: `Source: ${scenario.source}` }),
        el("p", { class: "scenario-sum" }, el("b", { text: steps.length ? `${format.count(steps.length, "pool")} liquidated` : "No pool is liquidated" }),
          steps.length > 0 && ` · takes ${format.money(scenario.takes_usd)} USD`, ` · ${gain(scenario.loss_usd, format)}`),
        steps.length > 0 && el("ol", { class: "order" }, steps.map((pool) => el("li", {}, el("b", { text: `${pool.account} ${pool.pool}` }), el("span", { class: "soft", text: ` ${[pool.venue, when(pool), pool.takes_usd === undefined ? "" : `takes ${format.money(pool.takes_usd)} USD`].filter(Boolean).join(", ")}` })))),
        scenario.notes.length > 0 && el("ul", { class: "plain soft small" }, scenario.notes.map((text) => el("li", { text })))].filter(Boolean));
  }
}

/** A scenario's name with a minus where it has a hyphen for one: «market −20%». */
const minused = (name) => name.replace(/(?<=^|\s)-(?=\d)/g, "\u2212");

const meaning = (level) => ({ calm: "safe", warning: "warning", critical: "critical", blind: "not known" })[level];

/** The scenario that liquidates most, then the one that costs most. */
function worst(scenarios) {
  return scenarios.reduce((best, each) => (each.order.length > best.order.length || (each.order.length === best.order.length && (each.loss_usd ?? 0) > (best.loss_usd ?? 0)) ? each : best));
}

function gain(loss, format) {
  if (typeof loss !== "number") return "what it costs is not known";
  return loss < 0 ? `equity gains ${format.money(-loss)} USD` : `equity loses ${format.money(loss)} USD`;
}

/** The page closes what lies on top when Escape is pressed; a click asks for the same. */
function closing(element) {
  element.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
}
