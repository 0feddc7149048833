// The small forms under an alert: taking it, giving it back, keeping it quiet.

import { post, send } from "./api.js";
import { el } from "./dom.js";

const NAME_KEY = "marginwatch.author";
const HOUR = 3600;
const SPANS = [["30 minutes", HOUR / 2], ["2 hours", 2 * HOUR], ["8 hours", 8 * HOUR], ["1 day", 24 * HOUR], ["1 week", 168 * HOUR]];

/** «I take care of it.» */
export function acknowledgeForm(alert, close) {
  return form("Acknowledge", close, [], ({ author, comment }) =>
    post(`/api/v1/alerts/${alert.fingerprint}/ack`, { author, comment, incident: alert.incident ?? "" }));
}

/** «I do not any more.» */
export function withdraw(alert, close) {
  return form("Withdraw", close, [], ({ author, comment }) => send("DELETE", `/api/v1/alerts/${alert.fingerprint}/ack`, { author, comment }));
}

/** «Say nothing of the like for a while.» What counts as the like is chosen among the alert's labels. */
export function silenceForm(alert, close) {
  const labels = Object.entries({ rule: alert.rule, ...alert.labels }).filter(([, value]) => value);
  const boxes = labels.map(([name, value]) => {
    const box = el("input", { type: "checkbox", checked: true });
    return { name, value, box, row: el("label", { class: "check" }, box, `${name} = ${value}`) };
  });
  const span = el("select", {}, SPANS.map(([text, seconds]) => el("option", { value: String(seconds), text, selected: seconds === 2 * HOUR })));
  const extra = [
    el("fieldset", {}, el("legend", { text: "All alerts with" }), boxes.map((each) => each.row)),
    el("label", {}, "For", span),
  ];
  return form("Silence", close, extra, ({ author, comment }) => {
    const matchers = boxes.filter((each) => each.box.checked).map(({ name, value }) => ({ name, value, regex: false, negative: false }));
    return post("/api/v1/silences", { matchers, seconds: Number(span.value), author, comment });
  });
}

function form(verb, close, extra, submit) {
  const author = el("input", { name: "author", maxlength: "64", required: true, autocomplete: "name", value: remembered() });
  const comment = el("input", { name: "comment", maxlength: "500", autocomplete: "off" });
  const trouble = el("p", { class: "trouble", role: "alert" });
  const go = el("button", { text: verb });
  const send = async (event) => {
    event.preventDefault();
    go.disabled = true;
    trouble.textContent = "";
    remember(author.value);
    try {
      await submit({ author: author.value.trim(), comment: comment.value.trim() });
      close();
    } catch (error) {
      trouble.textContent = error.name === "Refused" ? error.message : "The monitor does not answer.";
    } finally {
      go.disabled = false;
    }
  };
  const keys = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  };
  return el("form", { on: { submit: send, keydown: keys } },
    el("label", {}, "Your name", author), el("label", {}, "Comment", comment), extra,
    el("div", { class: "form-tools" }, go, el("button", { type: "button", class: "quiet", text: "Cancel", on: { click: close } })), trouble);
}

function remembered() {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

function remember(name) {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // Asked again next time.
  }
}
