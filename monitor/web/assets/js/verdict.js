// Am I safe? One sentence, the nearest line, what to do, and how many pools are in which state.

import { distance, level, summary, worse } from "./danger.js";
import { el, mark, redraw } from "./dom.js";
import * as format from "./format.js";
import { movement, poolName, sentence } from "./words.js";

const REASONS_SHOWN = 2;
const QUIET = new Set(["acknowledged", "silenced", "inhibited"]);

/** What there is to say now. Pure. */
export function judge(store) {
  const document = store.document();
  const { live, silent } = store.live();
  if (document === null) return { level: "old", headline: "Connecting", under: "The monitor has not answered yet." };
  const pools = store.pools();
  const tally = { critical: 0, warning: 0, blind: 0, calm: 0 };
  let gone = 0;
  let near = 0; // by their own figures, and not only because some alert about them is critical
  for (const pool of pools) {
    tally[level(pool, store.levels, store.alerted(pool))] += 1;
    if (pool.margin_ratio.state === "liquidatable") gone += 1;
    else if (level(pool, store.levels) === "critical") near += 1;
  }
  const lost = document.accounts.filter((account) => !account.pools.length && account.quality !== "LIVE");
  const loud = document.alerts.filter((alert) => !QUIET.has(alert.state));
  const said = { tally, pools: pools.length, lost: lost.length, ...nearestOf(pools), ...standing(tally, { gone, near }, pools, lost, loud) };
  if (document.ready === false && tally.critical + tally.warning === 0) {
    said.level = "unknown";
    said.headline = "Starting";
    said.under = few(document.not_ready ?? []) || "Not everything was read yet.";
  }
  if (live) return said;
  const when = document.at === null ? "" : ` since ${format.clock(document.at, store.now())}`;
  return { ...said, tally: null, old: true, level: "old", headline: `Not live${when}`, under: `Nothing was heard for ${format.duration(silent)}. All below is old.` };
}

/** The first of many reasons. */
function few(reasons) {
  const more = reasons.length - REASONS_SHOWN;
  return format.reasons(more > 0 ? [...reasons.slice(0, REASONS_SHOWN), `and ${more} more`] : reasons);
}

function standing(tally, { gone, near }, pools, lost, loud) {
  const alarm = loud.map((alert) => alert.severity).reduce(worse, "calm");
  const unknown = tally.blind + lost.length;
  const beside = [];
  const alarmed = tally.critical - gone - near;
  if (gone && near) beside.push(`${near} more near liquidation`);
  if (alarmed && (gone || near)) beside.push(`${alarmed} more critical`);
  if (gone === 0 && tally.critical && tally.warning) beside.push(`${tally.warning} more to watch`);
  if (unknown && (gone || tally.critical || tally.warning)) beside.push(`${unknown} not known`);
  const under = beside.join(", ");
  if (gone) return { level: "critical", headline: `${format.count(gone, "pool")} can be liquidated now`, under };
  if (near) return { level: "critical", headline: `${format.count(near, "pool")} near liquidation`, under };
  const first = loud.find((alert) => alert.severity === alarm);
  if (tally.critical) return { level: "critical", headline: `${format.count(tally.critical, "pool")} critical`, under: [first?.summary, under].filter(Boolean).join("; ") };
  if (alarm === "critical") {
    const critical = loud.filter((alert) => alert.severity === "critical").length;
    const pools = tally.warning ? `${format.count(tally.warning, "pool")} to watch` : "no pool is near liquidation";
    return { level: "critical", headline: format.count(critical, "critical alert"), under: [first.summary, pools, ...beside].join("; ") };
  }
  if (tally.warning) return { level: "warning", headline: `${format.count(tally.warning, "pool")} to watch`, under };
  if (unknown) {
    const what = tally.blind ? format.count(tally.blind, "pool") : format.count(lost.length, "account");
    return { level: "unknown", headline: `${what} not known`, under: "What is not known is not safe." };
  }
  if (alarm === "warning") return { level: alarm, headline: format.count(loud.length, "alert"), under: `${first.summary}; no pool is near liquidation` };
  if (!pools.length) return { level: "safe", headline: "No open pool", under: "" };
  return { level: "safe", headline: "Safe", under: `${format.count(pools.length, "pool")}, all known` };
}

function nearestOf(pools) {
  let best = null;
  for (const pool of pools) {
    const away = distance(pool);
    if (away === null || away === Infinity) continue;
    if (best === null || away < best.away) best = { pool, away };
  }
  if (best === null) return { near: null };
  const { what, direction, line } = summary(best.pool).nearest;
  // Where the nearest line itself may hide behind one that is not known, its distance still is the nearest known.
  const text = movement(what, direction, line);
  return {
    near: {
      key: best.pool.key, name: poolName(best.pool), venue: best.pool.venue, figure: format.line(line), text, direction,
      sigmas: sigmasOf(best.pool, what, line), advice: best.pool.advice.text,
    },
  };
}

/** How many daily sigmas the line is away, where the report says it. */
function sigmasOf(pool, what, line) {
  for (const position of pool.positions) {
    const own = position.liquidation;
    if (own.state !== "at" || own.distance_sigmas === undefined) continue;
    if ((position.symbol === what || position.coin === what) && own.distance_ratio === line.distance_ratio)
      return format.sigmas(own.distance_sigmas);
  }
  return "";
}

let kept = { turn: -1, said: null };

/** The same, worked out once however many parts ask for it. */
export function judged(store) {
  if (kept.turn !== store.turn) kept = { turn: store.turn, said: judge(store) };
  return kept.said;
}

/** Keeps `section` saying it; `open(key)` opens a pool. */
export function mount(section, store, open) {
  store.subscribe(() => {
    const said = judged(store);
    mark(section, "data-level", said.level);
    redraw(section, said, (now) => [statement(now), now.near && nearest(now, open), now.near?.advice && advice(now), now.tally && strip(now)]);
  });
}

function statement(said) {
  return el("div", { class: "statement" },
    el("span", { class: "mark", data: { level: said.level }, "aria-hidden": "true" }),
    el("div", {}, el("h2", { class: "headline", text: said.headline }), said.under && el("p", { class: "under", text: said.under })));
}

function nearest({ near, old }, open) {
  return el("button", { type: "button", class: "near", on: { click: () => open(near.key) } },
    el("span", { class: "label", text: old ? "Nearest, when last heard" : "Nearest" }),
    el("span", { class: "figure" }, near.figure, near.sigmas && el("small", { text: ` ${near.sigmas}` })),
    el("span", { class: "text", text: sentence(near.text) }),
    el("span", { class: "soft text", text: `${near.venue} ${near.name}` }));
}

function advice({ near, old }) {
  return el("div", { class: "do" }, el("span", { class: "label", text: old ? "What to do, when last heard" : "What to do" }), el("p", { text: sentence(near.advice) }));
}

const NAMES = { critical: "critical", warning: "warning", blind: "not known", calm: "safe" };

function strip({ tally, pools }) {
  if (!pools) return null;
  const there = Object.entries(tally).filter(([, size]) => size > 0);
  return el("div", { class: "tally" },
    el("div", { class: "strip", "aria-hidden": "true" },
      there.map(([level, size]) => el("span", { data: { level }, vars: { "--share": String(size) } }))),
    el("p", { class: "tally-words" },
      there.map(([level, size]) => el("span", { data: { level } }, el("span", { class: "mark", data: { level }, "aria-hidden": "true" }), `${size} ${NAMES[level]}`))));
}
