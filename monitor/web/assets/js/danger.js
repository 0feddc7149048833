// Which pool to look at first, and how it is marked. Nothing is computed here: reports are compared with thresholds.

/** The thresholds of the rules' defaults, until the monitor has told its own (session().levels). */
export const DEFAULT_LEVELS = {
  margin_ratio: { warning: 0.6, critical: 0.8 },
  distance_ratio: { warning: 0.1, critical: 0.05 },
};

const ORDER = ["calm", "info", "blind", "warning", "critical"];

export const believed = (quality) => quality === "LIVE" || quality === "PARTIAL";
const isAt = (line) => line?.state === "at";

/** The worse of two levels. */
export function worse(one, other) {
  return ORDER.indexOf(other) > ORDER.indexOf(one) ? other : one;
}

/** All coin lines of a pool in one direction. */
function lines(pool, direction) {
  const all = Object.entries(pool.coins).map(([coin, sides]) => ({ what: coin, line: sides[direction] }));
  return all.filter((each) => each.line);
}

/** The line reached first among these. One that is not known hides nothing but a nearer one: `doubt` says so. */
function nearest(all) {
  let best = null;
  let unknown = null;
  for (const each of all) {
    const state = each.line.state;
    if (state === "liquidatable") return { ...each, doubt: false };
    if (state === "unknown") unknown ??= each;
    else if (isAt(each.line) && (best === null || each.line.distance_ratio < best.line.distance_ratio)) best = each;
  }
  if (best !== null) return { ...best, doubt: unknown !== null };
  if (unknown !== null) return { ...unknown, doubt: true };
  return all.length ? { what: "", line: { state: "never" }, doubt: false } : null;
}

const SEEN = new WeakMap(); // of each pool document what is worked out once: it does not change afterwards

/** What the page needs of a pool in order to place and mark it. */
export function summary(pool) {
  let kept = SEEN.get(pool);
  if (kept === undefined) {
    const down = nearest(lines(pool, "down"));
    const up = nearest(lines(pool, "up"));
    const pegs = { down: [], up: [] };
    for (const [what, sides] of Object.entries(pool.depegs))
      for (const [direction, line] of Object.entries(sides)) pegs[direction].push({ what, line, direction });
    const others = [...pegs.down, ...pegs.up];
    for (const [direction, line] of Object.entries(pool.market)) others.push({ what: "market", line, direction });
    for (const each of pool.positions)
      others.push({ what: each.symbol, line: each.liquidation, direction: each.side === "long" ? "down" : "up" });
    const coins = [down && { ...down, direction: "down" }, up && { ...up, direction: "up" }].filter(Boolean);
    kept = { down, up, pegs: { down: nearest(pegs.down), up: nearest(pegs.up) }, nearest: nearest([...coins, ...others]) };
    SEEN.set(pool, kept);
  }
  return kept;
}

/** How many percent away the nearest line is; null where it is not known, Infinity where no price does it. */
export function distance(pool) {
  const line = summary(pool).nearest?.line;
  if (line === undefined || line.state === "never") return Infinity;
  return line.state === "liquidatable" ? 0 : (line.distance_ratio ?? null);
}

/** The level of a margin ratio: calm, warning, critical, or blind where it is not known. */
export function ratioLevel(ratio, levels) {
  if (ratio.state === "liquidatable") return "critical";
  if (ratio.state !== "at") return "blind";
  const { warning, critical } = levels.margin_ratio;
  return ratio.value >= critical ? "critical" : ratio.value >= warning ? "warning" : "calm";
}

/** The same of a line. */
export function lineLevel(line, levels) {
  if (line.state === "liquidatable") return "critical";
  if (line.state === "never") return "calm";
  if (line.state !== "at") return "blind";
  const { warning, critical } = levels.distance_ratio;
  return line.distance_ratio <= critical ? "critical" : line.distance_ratio <= warning ? "warning" : "calm";
}

/** The level of a pool: the worst of ratio, nearest line and what fires about it; blind where it is not believed. */
export function level(pool, levels, alerted = "calm") {
  if (pool.margin_ratio.state === "liquidatable") return "critical"; // also where it only was so when last believed
  if (!believed(pool.quality)) return "blind";
  const near = summary(pool).nearest;
  const each = [ratioLevel(pool.margin_ratio, levels), near === null ? "calm" : lineLevel(near.line, levels)];
  const known = each.filter((one) => one !== "blind").reduce(worse, alerted === "info" ? "calm" : alerted);
  return each.includes("blind") && known === "calm" ? "blind" : known;
}

/** The class of danger: liquidatable, then what is not believed, then the rest; unknown is not safe. */
function place(pool) {
  if (pool.margin_ratio.state === "liquidatable") return 0;
  return believed(pool.quality) && pool.margin_ratio.state === "at" ? 2 : 1;
}

const measured = (pool) => (pool.margin_ratio.state === "unknown" ? Infinity : (pool.margin_ratio.value ?? Infinity));

/** Orders pools, most dangerous first: by class, within it the nearer line first, then the higher ratio, then the name. */
export function byDanger(pools) {
  const ranked = pools.map((pool) => ({ pool, place: place(pool), distance: distance(pool) ?? -1, ratio: measured(pool) }));
  ranked.sort(
    (one, other) =>
      one.place - other.place ||
      (one.distance === other.distance ? 0 : one.distance - other.distance) ||
      (one.ratio === other.ratio ? 0 : other.ratio - one.ratio) ||
      (one.pool.key < other.pool.key ? -1 : 1),
  );
  return ranked.map((each) => each.pool);
}
