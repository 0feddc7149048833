// What fires, the worst first, with who takes care of it.

import { el, mark, redraw, write } from "./dom.js";
import * as format from "./format.js";
import { get } from "./api.js";
import { keyOf } from "./store.js";
import { acknowledgeForm, silenceForm, withdraw } from "./alert_forms.js";
import { inPlace, pointedAt } from "./still.js";

const RANK = { critical: 0, warning: 1, info: 3 };
const HELD = { firing: 0, acknowledged: 1, silenced: 2, inhibited: 3 };
const rank = (alert) => (HELD[alert.state] ?? 0) * 10 + (RANK[alert.severity] ?? 2);
const identity = (alert) => alert.fingerprint ?? `${alert.rule} ${JSON.stringify(alert.labels)}`;

export class Alerts {
  #items = new Map();
  #told = null; // fingerprints of criticals that were said aloud; null before the first list
  #asking = false;
  #detailed = null; // alerts with fingerprints, where the document has none
  #of = null;

  constructor(section, store, { open, announce }) {
    this.list = section.querySelector("#alerts");
    this.store = store;
    this.open = open;
    this.announce = announce;
    this.pointed = pointedAt(this.list);
  }

  update() {
    const document = this.store.document();
    if (document === null) return;
    const alerts = this.#complete(document.alerts).toSorted((one, other) => rank(one) - rank(other) || other.since - one.since);
    // Also while a form stands open, nothing moves from under the hands.
    const held = this.pointed() || this.list.querySelector("form") !== null;
    this.#show(held ? inPlace(alerts, identity, [...this.#items.keys()]) : alerts);
    this.#speak(alerts);
  }

  /** Opens the form for the first alert that waits, of this pool where one of its does; false where none waits. */
  acknowledge(key) {
    const waiting = [...this.list.children].map((each) => each.item).filter((item) => item.waits());
    const item = waiting.find((each) => each.pool() === key) ?? waiting[0];
    item?.acknowledge();
    return item !== undefined;
  }

  /** Only /api/v1/alerts has all that a button needs. */
  #complete(alerts) {
    if (alerts.every((alert) => alert.fingerprint !== undefined)) return alerts;
    const signature = JSON.stringify(alerts.map((alert) => [alert.rule, alert.severity, alert.labels]));
    if (this.#of !== signature && !this.#asking) {
      this.#asking = true;
      get("/api/v1/alerts")
        .then((answer) => {
          this.#of = signature;
          this.#detailed = answer.alerts;
        })
        .catch(() => {})
        .finally(() => (this.#asking = false));
    }
    return this.#detailed ?? alerts;
  }

  #show(alerts) {
    const now = this.store.now();
    const there = new Set();
    let before = null;
    for (const alert of alerts) {
      const id = identity(alert);
      there.add(id);
      let item = this.#items.get(id);
      if (item === undefined) {
        item = new Item(this.store, this.open);
        item.element.item = item;
        this.#items.set(id, item);
      }
      item.show(alert, now);
      const place = before === null ? this.list.firstChild : before.nextSibling;
      if (place !== item.element) this.list.insertBefore(item.element, place);
      before = item.element;
    }
    for (const [id, item] of this.#items) {
      if (!there.has(id)) item.element.remove();
    }
    this.#items = new Map(alerts.map((alert) => [identity(alert), this.#items.get(identity(alert))])); // in their order
    document.getElementById("alerts-empty").hidden = alerts.length > 0;
  }

  /** Says new criticals aloud, each once. */
  #speak(alerts) {
    const critical = alerts.filter((alert) => alert.severity === "critical" && (alert.state ?? "firing") === "firing");
    if (this.#told !== null)
      for (const alert of critical)
        if (!this.#told.has(alert.incident ?? identity(alert))) this.announce(`Critical: ${alert.summary}`, true);
    this.#told = new Set(critical.map((alert) => alert.incident ?? identity(alert)));
  }
}

class Item {
  constructor(store, open) {
    this.store = store;
    this.open = open;
    this.mark = el("span", { class: "mark", "aria-hidden": "true" });
    this.severity = el("span", { class: "hidden" });
    this.summary = el("p", { class: "alert-summary" });
    this.age = el("span", { class: "soft age" });
    this.state = el("p", { class: "soft alert-state" });
    this.text = el("p", { class: "alert-text" });
    this.runbook = el("a", { text: "Runbook: what it means, how to check it" });
    this.about = el("div", { class: "alert-about", hidden: true }, this.text, this.runbook);
    this.more = el("button", { type: "button", class: "link", "aria-expanded": "false", text: "What to do", on: { click: () => this.#unfold() } });
    this.actions = el("span", { class: "actions" });
    this.form = el("div", { class: "alert-form" });
    this.element = el("li", {}, this.mark, el("div", { class: "alert-body" },
      el("div", { class: "alert-line" }, this.severity, this.summary, this.age), this.state, this.about,
      el("div", { class: "alert-tools" }, this.actions, this.more), this.form));
  }

  show(alert, now) {
    this.alert = alert;
    const state = alert.state ?? "firing";
    mark(this.element, "data-fingerprint", alert.fingerprint ?? null);
    mark(this.element, "data-level", alert.severity);
    mark(this.element, "data-state", state);
    mark(this.mark, "data-level", alert.severity);
    write(this.severity, `${alert.severity}: `);
    write(this.summary, alert.summary || alert.rule);
    write(this.age, format.age(alert.since, now));
    // What inhibits is named by its fingerprint, which tells nobody anything: the note has its words.
    const by = alert.by && state !== "inhibited" ? ` by ${alert.by}` : "";
    const who = state === "firing" ? "" : `${state}${by}${alert.note ? `: ${alert.note}` : ""}`;
    write(this.state, who);
    this.state.hidden = !who;
    write(this.text, alert.text.startsWith(`${alert.summary}\n`) ? alert.text.slice(alert.summary.length + 1) : alert.text);
    this.runbook.hidden = !alert.name;
    if (alert.name) mark(this.runbook, "href", `/runbooks/${encodeURIComponent(alert.name)}`);
    const session = this.store.session();
    redraw(this.actions, [state, alert.fingerprint, session.may_change, alert.labels], () => this.#buttons(state, session));
  }

  /** The key of the pool that it is about, null where it is about none. */
  pool() {
    const { venue, account, pool } = this.alert.labels;
    return venue && account && pool ? keyOf(venue, account, pool) : null;
  }

  /** Whether somebody could take it now. */
  waits() {
    return this.store.session().may_change && this.alert.fingerprint !== undefined && (this.alert.state ?? "firing") === "firing";
  }

  acknowledge() {
    this.element.scrollIntoView({ block: "nearest" });
    this.#ask(acknowledgeForm);
  }

  #buttons(state, session) {
    const { alert } = this;
    const pool = this.pool();
    const button = (text, click) => el("button", { type: "button", class: "link", text, on: { click } });
    return [
      this.waits() && button("Acknowledge", () => this.#ask(acknowledgeForm)),
      session.may_change && alert.fingerprint && state === "acknowledged" && button("Withdraw", () => this.#ask(withdraw)),
      session.may_change && state !== "silenced" && button("Silence", () => this.#ask(silenceForm)),
      pool !== null && button("Pool", () => this.open(pool)),
    ];
  }

  #unfold() {
    this.about.hidden = !this.about.hidden;
    mark(this.more, "aria-expanded", String(!this.about.hidden));
  }

  #ask(form) {
    const close = () => {
      this.form.replaceChildren();
      this.actions.querySelector("button")?.focus();
    };
    this.form.replaceChildren(form(this.alert, close));
    [...this.form.querySelectorAll("input")].find((input) => !input.value)?.focus();
  }
}
