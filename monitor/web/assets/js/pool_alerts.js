// What fires about an opened pool, with the form that takes it.

import { acknowledgeForm } from "./alert_forms.js";
import { el, redraw } from "./dom.js";
import { level } from "./parts.js";

const waits = (alert) => alert.fingerprint !== undefined && (alert.state ?? "firing") === "firing";

/** Its sentence, which a summary may cut short. */
const whole = (alert) => (alert.text ?? "").split("\n")[0] || alert.summary || alert.rule;

export class PoolAlerts {
  #alerts = [];

  constructor() {
    this.list = el("ul", { class: "pool-alerts" });
    this.form = el("div", { class: "alert-form" });
    this.element = el("div", {}, this.list, this.form);
  }

  /** Shows them; `may`: whether this browser may acknowledge. */
  show(alerts, may) {
    this.#alerts = alerts;
    const seen = alerts.map((alert) => [alert.severity, whole(alert), alert.state, alert.by, alert.fingerprint]);
    redraw(this.list, [seen, may], () => alerts.map((alert) => this.#row(alert, may)));
  }

  /** Opens the form of the first that nobody took yet; false where there is none. */
  acknowledge() {
    const first = this.#alerts.find(waits);
    if (first !== undefined) this.#ask(first);
    return first !== undefined;
  }

  clear() {
    this.form.replaceChildren();
  }

  #row(alert, may) {
    const taken = alert.state === "acknowledged" && `acknowledged${alert.by ? ` by ${alert.by}` : ""}`;
    return el("li", { data: { level: alert.severity } }, level(alert.severity),
      el("span", {}, whole(alert), taken && el("small", { class: "soft", text: ` ${taken}` })),
      may && waits(alert) && el("button", { type: "button", class: "link", text: "Acknowledge", on: { click: () => this.#ask(alert) } }));
  }

  #ask(alert) {
    const close = () => {
      this.clear();
      (this.list.querySelector("button") ?? this.element.closest("[tabindex]")).focus({ preventScroll: true });
    };
    this.form.replaceChildren(el("p", { class: "soft small", text: whole(alert) }), acknowledgeForm(alert, close));
    [...this.form.querySelectorAll("input")].find((input) => !input.value)?.focus();
  }
}
