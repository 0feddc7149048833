// Accounts of one owner together: the worst pool, what they hold, how their hedges stand, what can be moved.

import { believed, lineLevel, ratioLevel, worse } from "./danger.js";
import { el, redraw } from "./dom.js";
import * as format from "./format.js";
import { facts, level as marked, quality } from "./parts.js";

const HEDGE_LEVEL = { held: "calm", near: "warning", shrank: "warning", broken: "critical", flat: "info", unknown: "blind" };
const COINS_SHOWN = 12;

/** The level of a group: its worst hedge or worst pool. */
export function groupLevel(group, levels) {
  if (!believed(group.quality)) return "blind";
  const all = [ratioLevel(group.margin_ratio, levels), ...group.hedges.map((hedge) => HEDGE_LEVEL[hedge.state] ?? "blind")];
  if (group.worst) all.push(ratioLevel(group.worst.margin_ratio, levels), lineLevel(group.worst.nearest, levels));
  return all.reduce(worse, "calm");
}

export function mount(section, store, open) {
  const list = section.querySelector("#groups");
  store.subscribe(() => {
    const groups = store.document()?.groups ?? [];
    document.getElementById("groups-empty").hidden = groups.length > 0 || store.document() === null;
    redraw(list, [groups, store.levels], () => groups.map((group) => card(group, store.levels, open)));
  });
}

function card(group, levels, open) {
  const level = groupLevel(group, levels);
  return el("article", { class: "group", data: { level, group: group.name } },
    el("header", {}, el("h3", {}, marked(level), group.name), quality(group)),
    el("p", { class: "soft", text: group.members.map((each) => `${each.venue} ${each.account}`).join(" · ") }),
    facts([
      ["Margin used together", format.ratio(group.margin_ratio)],
      ["Equity, USD", format.money(group.equity_usd)],
      ["Required, USD", format.money(group.required_usd)],
      ...sides("Market", group.market),
    ]),
    group.worst && worst(group.worst, levels, open),
    group.hedges.length > 0 && el("ul", { class: "hedges" }, group.hedges.map(hedge)),
    group.exposures.length > 0 && exposures(group.exposures),
    moving(group));
}

function sides(name, lines) {
  return Object.entries(lines).filter(([, each]) => each.line.state !== "never").map(([direction, each]) => [
    `${name} ${direction === "down" ? "falls" : "rises"}`, `${format.line(each.line)} until ${each.account} ${each.pool}`]);
}

function worst(pool, levels, open) {
  const level = worse(ratioLevel(pool.margin_ratio, levels), lineLevel(pool.nearest, levels));
  return el("button", { type: "button", class: "worst", on: { click: () => open(`${pool.venue}/${pool.account}/${pool.pool}`) } },
    el("span", { class: "label", text: "Worst pool" }), el("span", {}, marked(level), `${pool.account} ${pool.pool}`),
    el("span", { class: "soft", text: `${format.ratio(pool.margin_ratio)} used, nearest line ${format.line(pool.nearest)}` }));
}

function hedge(each) {
  const level = HEDGE_LEVEL[each.state] ?? "blind";
  return el("li", { data: { level } },
    el("p", {}, marked(level), el("b", { text: each.name }), " ", el("span", { class: "tag", data: { level }, text: each.state })),
    el("p", { class: "soft", text: each.text || format.reasons(each.reasons) }));
}

function exposures(all) {
  const largest = all.toSorted((one, other) => (other.gross_usd ?? 0) - (one.gross_usd ?? 0) || (one.coin < other.coin ? -1 : 1));
  const row = (each) => el("tr", {}, el("th", { scope: "row", text: each.coin }),
    [each.net_usd, each.gross_usd, each.held_usd].map((usd) => el("td", { class: "number", text: format.shortMoney(usd) })));
  return el("table", { class: "figures" }, el("caption", { class: "hidden", text: "Exposures in USD" }),
    el("thead", {}, el("tr", {}, el("th", { scope: "col", text: "Coin" }), ["Net, USD", "Gross", "Held"].map((text) => el("th", { scope: "col", class: "number", text })))),
    el("tbody", {}, largest.slice(0, COINS_SHOWN).map(row)));
}

/** What may leave each account, and where it is needed. */
function moving(group) {
  const free = group.free.map((each) => `${each.account}: ${each.usd === null ? `not known what may leave (${each.reason})` : `${format.money(each.usd)} USD may leave`}`);
  const needs = group.needs.map((each) => `${each.account} ${each.pool} needs ${each.add_usd === null ? "collateral" : `${format.money(each.add_usd)} USD`}`);
  const all = [...needs, ...free];
  return all.length ? el("ul", { class: "plain soft" }, all.map((text) => el("li", { text }))) : null;
}

