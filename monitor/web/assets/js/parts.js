// Small pieces that several parts of the page are made of.

import { el } from "./dom.js";
import * as format from "./format.js";
import { levelWord } from "./words.js";

/** The mark of a level: a shape of its own besides the colour, and a word for those who see neither. */
export function level(of) {
  return el("span", { class: "mark", data: { level: of }, role: "img", "aria-label": levelWord(of) });
}

/** How far something may be believed, with the reasons. */
export function quality(report, live = true) {
  return el("span", { class: "badge", data: { quality: report.quality }, title: format.reasons(report.reasons) || null, text: live ? report.quality : `was ${report.quality}` });
}

/** Names and values; a row whose value is null is left out. */
export function facts(rows) {
  const shown = rows.filter((row) => row && row[1] !== null && row[1] !== undefined && row[1] !== "");
  return el("dl", { class: "facts" }, shown.map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", {}, value))));
}

/** A table that scrolls sideways where it must. Columns: [title, class]; rows: arrays of texts or nodes. */
export function table(caption, columns, rows) {
  if (!rows.length) return null;
  const cell = (value, place) => {
    const name = place === 0 ? "th" : "td";
    return el(name, { class: columns[place][1] ?? null, scope: place === 0 ? "row" : null }, value);
  };
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", { class: "figures" }, el("caption", { class: "hidden", text: caption }),
      el("thead", {}, el("tr", {}, columns.map(([title, name]) => el("th", { scope: "col", class: name ?? null, text: title })))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell))))));
}
