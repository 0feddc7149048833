// The sentences of the page that several parts say.

import * as format from "./format.js";

const WORDS = { calm: "safe", info: "info", warning: "warning", critical: "critical", blind: "not known" };

/** A level as a word, for those who do not see its colour. */
export const levelWord = (level) => WORDS[level] ?? level;

/** What moves, whither and how far: «SOL falls 4.3 % to 181.77». */
export function movement(what, direction, line) {
  const verb = direction === "down" ? "falls" : direction === "up" ? "rises" : "moves";
  if (line.state === "liquidatable") return "can be liquidated now";
  if (line.state === "never") return "no price does it";
  if (line.state !== "at") return format.reasons(line.reasons) || "not known";
  const to = line.price === undefined ? "" : ` to ${format.price(line.price)}`;
  return `${what} ${verb} ${format.line(line)}${to}`;
}

/** A text as a sentence begins. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** How a pool is called: its account first, for that is what one looks for. */
export const poolName = (pool) => `${pool.account} ${pool.pool}`;

/** What a pool holds, in a few words. */
export function holdings(pool) {
  const shown = pool.positions.slice(0, 3).map((each) => `${each.symbol} ${each.side}`);
  const more = pool.positions.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  return shown.join(", ") || "no position";
}
