// One pool, opened: how near, what to do, what it holds, and how far all that may be believed.

import { level, lineLevel, ratioLevel, summary } from "./danger.js";
import { el, mark, redraw, write } from "./dom.js";
import * as format from "./format.js";
import { account, burn, collateral, lines, positions, reconciliation, stages } from "./detail_parts.js";
import { level as marked, quality } from "./parts.js";
import { PoolAlerts } from "./pool_alerts.js";
import { filled } from "./row.js";
import { movement, sentence } from "./words.js";

const CURVE_EVERY_MS = 5000;
const TABLES_EVERY_MS = 1000;

export class Detail {
  #key = null;
  #back = null; // what had the focus before
  #drawn = 0;
  #curved = 0;
  #curvedAs = null; // the quality of the pool then

  constructor(section, store, { close, whatif }) {
    this.section = section;
    this.store = store;
    this.curve = null; // set when its module is there
    this.title = el("h2", { id: "detail-title" });
    this.under = el("p", { class: "soft" });
    this.trust = el("div", { class: "trust" });
    this.head = el("div", { class: "glance" });
    this.alerts = new PoolAlerts();
    this.advice = el("div", { class: "do", hidden: true });
    this.plot = el("div", { class: "curve" });
    this.parts = [
      ["Positions", positions], ["Lines", lines], ["Stages", stages], ["Collateral", collateral],
      ["Funding and interest", burn], ["Checked against the venue", reconciliation], ["Account", account],
    ].map(([name, render]) => {
      const body = el("div", { class: "part-body" });
      return { render, body, element: el("section", { class: "part" }, el("h3", { text: name }), body) };
    });
    section.append(
      el("header", { class: "drawer-head" },
        el("div", {}, this.title, this.under),
        el("div", { class: "tools" },
          el("button", { type: "button", class: "quiet", text: "What if", on: { click: () => whatif() } }),
          el("button", { type: "button", class: "quiet icon", "aria-label": "Close", text: "✕", on: { click: () => close() } }))),
      el("div", { class: "drawer-body" }, this.trust, this.alerts.element, this.head, this.advice,
        el("section", { class: "part" }, el("h3", { text: "Health curve" }), this.plot),
        this.parts.map((part) => part.element)));
    section.setAttribute("aria-labelledby", "detail-title");
    section.removeAttribute("aria-label");
    store.subscribe(() => this.#draw(false));
  }

  get key() {
    return this.#key;
  }

  /** Opens a pool. `focus`: whether the keyboard goes there too. */
  show(key, focus) {
    if (this.#key === null) this.#back = document.activeElement;
    const other = key !== this.#key;
    this.#key = key;
    this.section.hidden = false;
    document.body.dataset.open = "detail";
    if (other) {
      this.section.querySelector(".drawer-body").scrollTop = 0;
      this.alerts.clear();
    }
    this.#draw(true);
    if (focus) this.section.focus({ preventScroll: true });
  }

  /** Opens the form for the first of its alerts that waits; false where none does. */
  acknowledge() {
    return this.alerts.acknowledge();
  }

  /** Closes it, and says what had the focus before, null where that is gone. */
  hide() {
    this.#key = null;
    this.section.hidden = true;
    delete document.body.dataset.open;
    this.curve?.hide?.();
    return this.#back?.isConnected ? this.#back : null;
  }

  #draw(at_once) {
    if (this.#key === null) return;
    const time = performance.now();
    if (!at_once && time - this.#drawn < TABLES_EVERY_MS) return;
    this.#drawn = time;
    const pool = this.store.pool(this.#key);
    mark(this.section, "data-pool", this.#key);
    mark(this.section, "data-gone", String(pool === undefined));
    if (pool === undefined) {
      write(this.under, "This pool is closed, or gone from the monitor. What stands below is old.");
      return;
    }
    const now = this.store.now();
    const at = level(pool, this.store.levels, this.store.alerted(pool));
    mark(this.section, "data-level", at);
    redraw(this.title, [pool.account, pool.pool, at], () => [marked(at), `${pool.account} `, el("span", { class: "soft", text: pool.pool })]);
    write(this.under, [pool.venue, pool.of.group && `group ${pool.of.group}`, pool.isolated ? "isolated" : "cross", !pool.primary && "a view of legs that another pool counts"].filter(Boolean).join(" · "));
    const { live } = this.store.live();
    redraw(this.trust, [pool.quality, pool.reasons, format.age(pool.as_of, now), live], ([, reasons, age]) => [
      quality(pool, live), el("span", { class: "soft", text: `${age} old` }), reasons.length > 0 && el("ul", { class: "plain" }, reasons.map((text) => el("li", { text })))]);
    redraw(this.head, [pool.margin_ratio, summary(pool), pool.equity_usd, pool.required_usd, pool.effective_leverage, pool.funds_at_risk_usd, pool.quality], () => glance(pool, this.store.levels));
    this.alerts.show(this.store.alertsOf(pool), this.store.session().may_change);
    redraw(this.advice, pool.advice, ({ text }) => [el("span", { class: "label", text: "What to do" }), el("p", { text: sentence(text) })]);
    this.advice.hidden = !pool.advice.text;
    for (const { render, body, element } of this.parts) {
      const { data, draw } = render(pool, now, this.store.levels);
      element.hidden = data === null;
      if (data !== null) redraw(body, data, draw);
    }
    this.#plot(pool, time, at_once);
  }

  #plot(pool, time, at_once) {
    const same = pool.quality === this.#curvedAs; // else the curve would contradict what stands above it
    if (this.curve === null || (!at_once && same && time - this.#curved < CURVE_EVERY_MS)) return;
    this.#curved = time;
    this.#curvedAs = pool.quality;
    this.curve.show(pool);
  }
}

/** The figures of a pool that one looks for first. */
function glance(pool, levels) {
  const near = summary(pool).nearest;
  const stale = pool.quality === "STALE" || pool.quality === "UNKNOWN";
  const ratio = stale ? "blind" : ratioLevel(pool.margin_ratio, levels);
  const figure = (label, value, under) => el("div", { class: "glance-cell" }, el("span", { class: "label", text: label }), el("span", { class: "figure", text: value }), under && el("span", { class: "soft", text: under }));
  return [
    el("div", { class: "glance-cell first", data: { level: near === null ? "calm" : stale ? "blind" : lineLevel(near.line, levels) } }, el("span", { class: "label", text: "Nearest line" }),
      el("span", { class: "figure", text: near === null ? "none" : format.line(near.line) }),
      near !== null && el("span", { class: "soft", text: sentence(movement(near.what, near.direction, near.line)) })),
    el("div", { class: "glance-cell", data: { level: ratio } }, el("span", { class: "label", text: "Margin used" }),
      el("span", { class: "figure", text: format.ratio(pool.margin_ratio) }), el("span", { class: "bar", data: { level: ratio }, vars: { "--fill": String(filled(pool.margin_ratio)) } })),
    figure("Equity, USD", format.shortMoney(pool.equity_usd), `${format.shortMoney(pool.required_usd ?? pool.maintenance_margin_usd)} required`),
    figure("Leverage", format.leverage(pool.effective_leverage), `${format.shortMoney(pool.funds_at_risk_usd)} USD at risk`),
  ];
}
