// What the page has to say about itself: a strip under the bar, one line for each thing.

import { el } from "./dom.js";

const shown = new Map();

/** Says it, in place of what was said of the same thing. `action`: [text, what a click does]. */
export function say(about, text, action = null) {
  if (shown.get(about)?.text === text) return;
  hush(about);
  const close = el("button", { type: "button", class: "quiet icon", "aria-label": "Dismiss", text: "✕", on: { click: () => element.remove() } });
  const element = el("p", { class: "notice" }, el("span", { text }), action && el("button", { type: "button", class: "link", text: action[0], on: { click: action[1] } }), close);
  shown.set(about, { text, element });
  document.getElementById("notices").append(element);
}

/** Takes it back. */
export function hush(about) {
  shown.get(about)?.element.remove();
  shown.delete(about);
}
