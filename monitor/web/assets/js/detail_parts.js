// The parts of an opened pool. Each takes the pool and gives {data, draw}: drawn anew only when its data changes; data
// null leaves the part out.

import { lineLevel, ratioLevel } from "./danger.js";
import { el } from "./dom.js";
import * as format from "./format.js";
import { facts, table } from "./parts.js";

const nothing = { data: null };
const number = "number";

const away = (line) => (line === undefined ? "" : format.line(line));
const why = (line) => (line?.state === "unknown" ? format.reasons(line.reasons) : null);
const toned = (line, text, levels) => el("span", { class: "tone", data: { level: lineLevel(line, levels) }, title: why(line), text });
const priced = (line) => (line?.state === "at" && line.price !== undefined ? format.price(line.price) : "");

export function positions(pool, _, levels) {
  if (!pool.positions.length) return { data: "none", draw: () => el("p", { class: "empty", text: "No position." }) };
  const columns = [["Position"], ["Away", number], ["Liquidated at", number], ["Mark", number], ["Quantity", number], ["Entry", number], ["Profit, USD", number], ["Notional, USD", number], ["Leverage", number], ["ADL", number]];
  return { data: pool.positions, draw: () => table("Positions", columns, pool.positions.map((each) => [
    el("span", {}, el("b", { text: each.symbol }), " ", el("span", { class: "side", data: { side: each.side }, text: each.side }), each.suspect && el("span", { class: "tag", data: { level: "warning" }, text: "suspect" })),
    toned(each.liquidation, `${away(each.liquidation)}${each.liquidation.distance_sigmas === undefined ? "" : ` · ${format.sigmas(each.liquidation.distance_sigmas)}`}`, levels),
    el("span", {}, priced(each.liquidation) || "–", each.liquidation_with_backstop && el("small", { class: "soft", text: ` with ${pool.backstop ?? "the backstop"} ${priced(each.liquidation_with_backstop) || away(each.liquidation_with_backstop)}` })),
    format.price(each.mark_price), format.number(each.quantity), format.price(each.entry_price),
    format.money(each.unrealized_pnl_usd), format.shortMoney(each.notional_usd), each.leverage === null ? "–" : `${format.number(each.leverage)}×`, each.adl_rank === null ? "–" : String(each.adl_rank),
  ])) };
}

export function lines(pool, _, levels) {
  const rows = [];
  const add = (name, sides, what) => rows.push([name, what, sides.down, sides.up]);
  add("Market", pool.market, "all coins together");
  for (const [coin, sides] of Object.entries(pool.coins)) add(coin, sides, "this coin alone");
  for (const [coin, sides] of Object.entries(pool.depegs)) add(coin, sides, "leaves its peg");
  const side = (line) => (line === undefined ? "" : el("span", {}, toned(line, away(line), levels), priced(line) && el("small", { class: "soft", text: ` ${priced(line)}` })));
  const columns = [["What moves"], ["Falls", number], ["Rises", number], ["Daily σ", number]];
  return { data: [rows, pool.coin_sigmas, pool.market_sigma], draw: () => table("Liquidation lines", columns, rows.map(([name, what, down, up]) => [
    el("span", {}, el("b", { text: name }), " ", el("small", { class: "soft", text: what })), side(down), side(up),
    sigma(name === "Market" ? pool.market_sigma : pool.coin_sigmas[name]),
  ])) };
}

const sigma = (value) => (typeof value === "number" ? format.percent(value) : "–");

export function stages(pool, _, levels) {
  const all = Object.entries(pool.stages);
  if (!all.length) return nothing;
  return { data: all, draw: () => el("ul", { class: "stages" }, all.map(([name, ratio]) => {
    const level = ratioLevel(ratio, levels);
    const fill = ratio.state === "liquidatable" ? 1 : ratio.state === "at" ? Math.min(1, ratio.value) : 0;
    return el("li", { data: { level: name === "liquidation" ? level : "info" } }, el("span", { text: name.replaceAll("-", " ") }),
      el("span", { class: "bar", data: { level: ratio.state === "unknown" ? "blind" : level }, vars: { "--fill": String(fill) } }),
      el("span", { class: "number", text: ratio.state === "liquidatable" ? "reached" : format.ratio(ratio) }));
  })) };
}

export function collateral(pool) {
  if (!pool.collateral.length) return nothing;
  const columns = [["Asset"], ["Amount", number], ["Price", number], ["Counts for, USD", number], ["Share", number]];
  return { data: pool.collateral, draw: () => table("Collateral", columns, pool.collateral.map((each) => [
    el("b", { text: each.asset }), format.number(each.amount), each.price_usd === null ? "assumed" : format.price(each.price_usd), format.money(each.value_usd), each.share_ratio === null ? "unknown" : format.percent(each.share_ratio),
  ])) };
}

export function burn(pool, now) {
  const { usd_per_day, until_liquidation, next_time, next_usd, after, reasons } = pool.burn;
  const until = { never: "never", liquidatable: "now", at: format.duration(until_liquidation.seconds) }[until_liquidation.state] ?? "unknown";
  const paid = (usd) => (usd === null ? "unknown" : usd < 0 ? `brings ${format.money(-usd)} USD` : `costs ${format.money(usd)} USD`);
  const rows = [
    ["A day", paid(usd_per_day)], ["Until liquidation, prices standing still", until],
    ["Next payment", next_time === null ? "unknown" : `${paid(next_usd)} at ${format.clock(next_time, now)}`],
    after && ["After it", `${format.ratio(after.margin_ratio)} used, nearest line ${format.line(after.nearest)}`],
  ];
  return { data: [rows, reasons], draw: () => [facts(rows), reasons.length > 0 && el("ul", { class: "plain soft" }, reasons.map((text) => el("li", { text })))] };
}

export function reconciliation(pool) {
  const rows = Object.entries(pool.drift).map(([name, ratio]) => [`Drift of ${name.replaceAll("_", " ")}`, ratio === null ? "cannot be compared" : drift(ratio)]);
  rows.push([pool.venue_ratio.name ? `The venue's ${pool.venue_ratio.name}` : "The venue's ratio", pool.venue_ratio.state === "at" ? format.number(pool.venue_ratio.value) : "not given"]);
  const says = [...Object.values(pool.contradictions), ...pool.positions.map((each) => each.disagreement && `${each.symbol}: ${each.disagreement}`).filter(Boolean)];
  const lines = pool.positions.map((each) => [`${each.symbol} ${each.side}`, priced(each.liquidation) || away(each.liquidation), priced(each.venue_liquidation) || away(each.venue_liquidation), each.drift_ratio === null ? "–" : drift(each.drift_ratio)]);
  return { data: [rows, says, lines], draw: () => [
    says.length > 0 && el("ul", { class: "plain says" }, says.map((text) => el("li", { data: { level: "warning" }, text }))),
    facts(rows), table("Our line and the venue's", [["Position"], ["Ours", number], ["The venue's", number], ["Drift", number]], lines),
  ] };
}

/** A drift, where what is smaller than rounding is called none. */
const drift = (ratio) => (Math.abs(ratio) < 5e-7 ? "none" : format.percent(ratio));

const yes = (flag) => (flag === null ? "unknown" : flag ? "yes" : "no");

export function account(pool, now) {
  const { mode, permissions, quality, last_update, margin_ratio, equity_usd, withdrawable, unexplained } = pool.of;
  const rows = [
    ["Mode", [mode.collateral ?? "unknown", mode.kind, mode.hedge === null ? "" : mode.hedge ? "hedge" : "one way", mode.borrows && "borrows"].filter(Boolean).join(", ")],
    ["Worst ratio", format.ratio(margin_ratio)], ["Equity, USD", format.money(equity_usd)],
    withdrawable && ["May leave", withdrawable.usd === null ? withdrawable.reason || "unknown" : `${format.money(withdrawable.usd)} USD`],
    ["Unexplained in the last hour", unexplained.usd === null ? unexplained.text || "unknown" : unexplained.usd === 0 ? "nothing" : unexplained.text || `${format.money(unexplained.usd)} USD`],
    ["Key", permissions === null ? "its permissions are not known" : `reads ${yes(permissions.can_read)}, trades ${yes(permissions.can_trade)}, withdraws ${yes(permissions.can_withdraw)}`],
    permissions?.expires && ["Key ends", format.clock(permissions.expires, now)],
    ["Read", `${quality}, ${format.age(last_update, now)} ago`],
  ];
  return { data: rows, draw: () => facts(rows) };
}
