// What would be: before and after, and what is liquidated first.

import { lineLevel, ratioLevel, summary, worse } from "./danger.js";
import { movement } from "./words.js";

/** The answer as nodes. */
export function results(answer, store, context) {
  const { el } = context.dom;
  const { format } = context;
  const levels = store.levels;
  const parts = [headline(answer, levels, context)];
  const list = (title, texts, kind = "ul") => texts.length > 0 && el("section", { class: "part" }, el("h3", { text: title }), el(kind, { class: kind === "ul" ? "plain" : "order" }, texts.map((text) => el("li", {}, text))));
  parts.push(list("What is liquidated, the first one first", answer.liquidations.map((each) => liquidation(each, context)), "ol"));
  if (answer.next) parts.push(el("p", { class: "next" }, el("span", { class: "soft", text: answer.liquidations.length ? "Of what is left, next: " : "The nearest line then: " }), el("b", { text: `${answer.next.account} ${answer.next.pool}` }), `, if ${movement(answer.next.of || "the market", side(answer, answer.next), answer.next.line)}`, typeof answer.next.takes_usd === "number" && el("span", { class: "soft", text: ` · ${format.money(answer.next.takes_usd)} USD at stake` })));
  for (const account of answer.accounts) parts.push(change(account, levels, context));
  if (answer.groups.length) parts.push(el("section", { class: "part" }, el("h3", { text: "Groups" }), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Groups before and after" }, table(context, ["Group", "Margin used", "Equity, USD"], answer.groups.map((group) => [el("b", { text: group.name }), ratios(group.before, group.after, levels, context), turned(format.money(group.before.equity_usd), format.money(group.after.equity_usd), context)])))));
  if (answer.funding.length) parts.push(list("Funding", answer.funding.map((each) => `${each.account} ${each.pool}: ${paid(each, format)}`)));
  parts.push(list("What was done", answer.done), list("What was assumed", [...answer.notes, ...answer.accounts.flatMap((each) => each.notes.map((note) => `${each.account}: ${note}`))]));
  return parts.filter(Boolean);
}

function headline(answer, levels, context) {
  const { el } = context.dom;
  const near = answer.next ? lineLevel(answer.next.line, levels) : "calm";
  const used = ratioLevel(answer.worst.after, levels);
  const level = answer.liquidations.length || answer.worst.after.state === "liquidatable" ? "critical" : used === "blind" ? used : worse(used, near);
  const fresh = answer.liquidations.filter((each) => !each.already).length;
  const text = fresh ? `${context.format.count(fresh, "pool")} would be liquidated` : answer.worst.after.state === "unknown" ? "Not known whether anything would be liquidated" : answer.liquidations.length ? "Nothing more would be liquidated" : `Nothing would be liquidated${near === "critical" || near === "warning" ? ", but a line is near" : ""}`;
  return el("div", { class: "outcome", data: { level } }, el("span", { class: "mark", "aria-hidden": "true", data: { level } }), el("div", {}, el("p", { class: "outcome-text", text }),
    el("p", {}, el("span", { class: "soft", text: "Worst margin used " }), turned(context.format.ratio(answer.worst.before), context.format.ratio(answer.worst.after), context))));
}

function liquidation(each, { dom, format }) {
  const when = each.already ? "can be liquidated already" : each.begins === null ? "where is not known" : each.begins === 0 ? "at once" : `after ${format.percent(each.begins)} of the way`;
  const takes = each.takes_usd === null ? "how much it takes is not known" : `takes ${format.money(each.takes_usd)} USD`;
  return [dom.el("b", { text: `${each.account} ${each.pool}` }), dom.el("span", { class: "soft", text: ` ${[each.venue, each.symbols.join(", "), when, takes].filter(Boolean).join(", ")}` })];
}

/** One account: each of its pools before and after. */
function change(account, levels, context) {
  const { el } = context.dom;
  const { format } = context;
  const was = new Map(account.before.pools.map((pool) => [pool.pool, pool]));
  const names = [...new Set([...account.before.pools, ...account.after.pools].map((pool) => pool.pool))];
  const after = new Map(account.after.pools.map((pool) => [pool.pool, pool]));
  const rows = names.map((name) => {
    const [old, now] = [was.get(name), after.get(name)];
    const mark = old === undefined ? "new" : now === undefined ? "gone" : now.quality !== "LIVE" ? now.quality : "";
    const line = (direction) => turned(nearest(old, direction, format), nearest(now, direction, format), context, now && lineLevel(of(now, direction), levels));
    return [el("span", {}, el("b", { text: name }), mark && el("small", { class: "soft", text: ` ${mark}` })), ratios(old, now, levels, context), line("down"), line("up"),
      turned(format.money(old?.equity_usd ?? (old ? null : 0)), now ? format.money(now.equity_usd) : "–", context)];
  });
  return el("section", { class: "part" }, el("h3", { text: `${account.account} · ${account.venue}` }),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${account.account} before and after` }, table(context, ["Pool", "Margin used", "If prices fall", "If prices rise", "Equity, USD"], rows)));
}

const NONE = { state: "never" };
const of = (pool, direction) => summary(pool)[direction]?.line ?? pool.market?.[direction] ?? NONE;

/** The nearer of the coin lines one way, with its coin. */
function nearest(pool, direction, format) {
  if (pool === undefined) return "–";
  const found = summary(pool)[direction];
  return found === null || found === undefined ? format.line(pool.market?.[direction] ?? NONE) : [found.line.state === "at" && found.what, format.line(found.line)].filter(Boolean).join(" ");
}

const ratios = (old, now, levels, context) => turned(old ? context.format.ratio(old.margin_ratio) : "–", now ? context.format.ratio(now.margin_ratio) : "–", context, now && ratioLevel(now.margin_ratio, levels));

/** Before → after; what stays is said once. */
function turned(before, after, { dom }, level = null) {
  const { el } = dom;
  const now = el("b", { class: "tone", data: level ? { level } : {}, text: after });
  return before === after ? el("span", { class: "turned same" }, now) : el("span", { class: "turned" }, el("span", { class: "soft", text: before }), el("span", { class: "hidden", text: " becomes " }), el("span", { class: "becomes", "aria-hidden": "true", text: " → " }), now);
}

function table({ dom: { el } }, titles, rows) {
  const cell = (value, place) => el(place ? "td" : "th", { class: place ? "number" : null, scope: place ? null : "row" }, value);
  return el("table", { class: "figures" }, el("thead", {}, el("tr", {}, titles.map((title, place) => el("th", { scope: "col", class: place ? "number" : null, text: title })))), el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell)))));
}

function paid(each, format) {
  if (each.usd === null) return `not known (${each.reasons.join("; ")})`;
  return `${each.usd < 0 ? `brings ${format.money(-each.usd)}` : `costs ${format.money(each.usd)}`} USD${each.reasons.length ? ` (${each.reasons.join("; ")})` : ""}`;
}

/** In which direction the next line lies: that of the report which has the same line. */
function side(answer, next) {
  const account = answer.accounts.find((each) => each.venue === next.venue && each.account === next.account);
  const pool = account?.after.pools.find((each) => each.pool === next.pool);
  const sides = next.of ? (pool?.coins[next.of] ?? pool?.depegs[next.of]) : pool?.market;
  return sides?.up?.distance_ratio === next.line.distance_ratio && sides?.down?.distance_ratio !== next.line.distance_ratio ? "up" : "down";
}
