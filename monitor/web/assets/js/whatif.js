// The what-if drawer: edits, prices and days are supposed, and the monitor says what would be.

import { EDITS, editor } from "./whatif_edits.js";
import { results } from "./whatif_results.js";

const AFTER_MS = 450; // from the last key to the question

export function mount(element, store, context) {
  const drawer = new WhatIf(element, store, context);
  return { open: (pool) => drawer.open(pool), close: () => drawer.close() };
}

class WhatIf {
  #asked = null;
  #later = null;
  #editors = [];
  #pool = null;

  constructor(element, store, context) {
    this.store = store;
    this.context = context;
    const { el } = context.dom;
    const button = (text, act) => el("button", { type: "button", class: "add", text, on: { click: act } });
    this.edits = el("div", { class: "edits" });
    this.adds = el("div", { class: "adds", role: "group", "aria-label": "Add a supposition" }, EDITS.map(({ name, title }) => button(`+ ${title}`, () => this.#add(name, true))));
    const field = (label, attributes) => {
      const input = el("input", { inputmode: "decimal", autocomplete: "off", spellcheck: "false", ...attributes });
      return { input, label: el("label", { text: label }, input) };
    };
    this.market = field("All coins move, %", { placeholder: "0" });
    this.days = field("Funding for days", { placeholder: "0" });
    this.moves = field("Single coins, %", { placeholder: "BTC -12, ETH +5" });
    this.pegs = field("Stablecoins stand at, USD", { placeholder: "USDT 0.95" });
    this.said = el("p", { class: "soft", role: "status", "aria-live": "polite" });
    this.trouble = el("ul", { class: "trouble plain", role: "alert" });
    this.answer = el("div", { class: "answer" });
    this.form = el("form", { class: "suppose", "aria-label": "What is supposed", on: { submit: (event) => this.#submit(event), input: () => this.#soon(), change: () => this.#soon() } },
      this.edits, this.adds,
      el("fieldset", { class: "prices" }, el("legend", { text: "Prices and time" }), el("div", { class: "fields" }, [this.market, this.moves, this.pegs, this.days].map((each) => each.label))),
      el("div", { class: "form-tools" }, el("button", { type: "submit", text: "Work it out" }), el("button", { type: "button", class: "quiet", text: "Clear", on: { click: () => this.#clear() } })));
    element.replaceChildren(
      el("header", { class: "drawer-head" }, el("div", {}, el("h2", { text: "What if" }), this.said),
        el("div", { class: "tools" }, el("button", { type: "button", class: "quiet icon", "aria-label": "Close", text: "✕", on: { click: () => closing(element) } }))),
      el("div", { class: "drawer-body" }, this.form, this.trouble, this.answer));
  }

  /** Opens for a pool, whose account the first supposition is about; null: whichever account. */
  open(pool) {
    this.#pool = pool;
    if (this.#editors.length === 0) this.#add(pool?.positions?.length ? "close" : "collateral", false);
    this.#say();
  }

  close() {
    clearTimeout(this.#later);
    this.#asked?.abort();
  }

  #say() {
    this.said.textContent = "Nothing here changes anything, neither at the monitor nor at any exchange. Order books are not used.";
  }

  #add(name, focus) {
    const one = editor(name, this.store, this.context, this.#pool, () => this.#remove(one));
    this.#editors.push(one);
    this.edits.append(one.element);
    if (focus) one.element.querySelector("select, input").focus();
  }

  #remove(one) {
    this.#editors = this.#editors.filter((each) => each !== one);
    one.element.remove();
    this.adds.querySelector("button").focus();
    this.#soon();
  }

  #clear() {
    this.#editors = [];
    this.edits.replaceChildren();
    for (const each of [this.market, this.moves, this.pegs, this.days]) each.input.value = "";
    this.answer.replaceChildren();
    this.trouble.replaceChildren();
    this.close();
    this.#say();
  }

  #submit(event) {
    event.preventDefault();
    this.#ask(true);
  }

  #soon() {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#ask(false), AFTER_MS);
  }

  /** The request, with what cannot be read of it. Fields left empty suppose nothing. */
  #request() {
    const wrong = [];
    const body = {};
    const edits = this.#editors.map((each) => each.read(wrong)).filter((edit) => edit !== null);
    if (edits.length) body.edits = edits;
    const number = (field, scale, what) => {
      const text = field.input.value.trim();
      const value = Number(text.replace("−", "-").replace("%", ""));
      if (text !== "" && !Number.isFinite(value)) wrong.push(`${what}: «${text}» is no number`);
      return text === "" || !Number.isFinite(value) || value === 0 ? undefined : value * scale;
    };
    body.market = number(this.market, 0.01, "All coins move");
    body.funding_days = number(this.days, 1, "Funding for days");
    body.moves = named(this.moves.input.value, 0.01, "BTC -12", wrong);
    body.pegs = named(this.pegs.input.value, 1, "USDT 0.95", wrong);
    return { body, wrong, empty: !Object.values(body).some((value) => value !== undefined) };
  }

  async #ask(at_once) {
    clearTimeout(this.#later);
    this.#asked?.abort();
    const { el } = this.context.dom;
    const { body, wrong, empty } = this.#request();
    const tell = (lines) => this.trouble.replaceChildren(...lines.map((text) => el("li", { text })));
    if (wrong.length || empty) {
      tell(at_once && empty && !wrong.length ? ["Suppose something first: a size, an amount, a move."] : wrong);
      if (empty) this.answer.replaceChildren();
      else this.answer.dataset.old = "true"; // it answers another question than the one that stands there
      return;
    }
    const asked = (this.#asked = new AbortController());
    this.answer.dataset.old = "true";
    try {
      const answer = await this.context.post("/api/v1/whatif", body, asked.signal);
      if (asked.signal.aborted) return;
      tell([]);
      this.answer.replaceChildren(...results(answer, this.store, this.context));
      this.answer.dataset.old = "false";
      this.said.textContent = `As of ${this.context.format.clock(answer.at, this.store.now())}${answer.quality === "LIVE" ? "" : `, quality ${answer.quality}`}. Nothing is changed. Order books are not used.`;
    } catch (error) {
      if (asked.signal.aborted || error.name === "AbortError") return;
      tell(error.mistakes?.length ? error.mistakes.map((each) => `${each.key}: ${each.cure}`) : [error.message]);
    }
  }
}

/** Reads «BTC -12, ETH +5»; undefined where nothing stands there. */
function named(text, scale, example, wrong) {
  const found = {};
  for (const part of text.split(/[,;]/).map((each) => each.trim()).filter(Boolean)) {
    const [, name, value] = part.match(/^([^\s:=]+)[\s:=]+([+\-−]?[\d.]+)\s*%?$/) ?? [];
    if (name === undefined || !Number.isFinite(Number(value.replace("−", "-")))) wrong.push(`«${part}»: write it as ${example}`);
    else found[name.toUpperCase()] = Number(value.replace("−", "-")) * scale;
  }
  return Object.keys(found).length ? found : undefined;
}

/** The page closes what lies on top when Escape is pressed; a click asks for the same. */
function closing(element) {
  element.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
}
