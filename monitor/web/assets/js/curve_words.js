// What a health curve says, in sentences: for screen readers, and for those who want to read and not to look.

import { sentence } from "./words.js";

/** Where the pool is liquidated each way, where its other stages begin, and what to know besides. */
export function sentences(answer, format) {
  const all = [];
  if (answer.quality !== "LIVE") all.push(`Quality ${answer.quality}${answer.reasons.length ? `: ${answer.reasons.join("; ")}` : ""}.`);
  all.push(`${sentence(crossing("liquidated", answer, answer.line, format))}.`);
  for (const stage of answer.stages) {
    const begins = stage.name !== "liquidation" && Object.values(stage).some((line) => line?.state === "at" && line.distance_ratio !== undefined);
    if (begins) all.push(`${sentence(crossing(stage.name.replaceAll("-", " "), answer, stage, format))}.`);
  }
  if (answer.sigma_ratio !== null) all.push(`One daily standard deviation of ${what(answer)} is ${format.percent(answer.sigma_ratio)}.`);
  return [...all, ...answer.notes.map((note) => sentence(note.endsWith(".") ? note : `${note}.`))];
}

/** The curve at one place. */
export function readings(answer, place, format) {
  const [move, equity, required] = [answer.move[place], answer.equity_usd[place], answer.requirement_usd[place]];
  const moved = move === 0 ? "Today" : `${sentence(what(answer))} ${move > 0 ? "+" : ""}${format.percent(move)}`;
  const price = answer.price[place] === null ? "" : ` at ${format.price(answer.price[place])}`;
  if (equity === null || required === null) return `${moved}${price}: unknown`;
  const left = equity - required;
  const state = left > 0 ? `${format.money(left)} USD above liquidation` : "liquidated";
  return `${moved}${price}: equity ${format.money(equity)} USD, required ${format.money(required)} USD, ${state}`;
}

function crossing(name, answer, sides, format) {
  const said = ["down", "up"].map((side) => towards(sides[side], answer, side, format));
  return `${name}: ${said.join("; ")}`;
}

function towards(line, answer, side, format) {
  const way = side === "down" ? `if ${what(answer)} ${answer.kind === "market" ? "fall" : "falls"}` : `if ${what(answer)} ${answer.kind === "market" ? "rise" : "rises"}`;
  switch (line?.state) {
    case "at":
      return `${way} ${format.percent(line.distance_ratio)}${line.price === undefined || line.price === null ? "" : ` to ${format.price(line.price)}`}`;
    case "never":
      return `never ${way}`;
    case "liquidatable":
      return "now";
    default:
      return `not known ${way}${line?.reasons?.length ? ` (${line.reasons.join("; ")})` : ""}`;
  }
}

const what = (answer) => (answer.kind === "market" ? "all coins" : answer.of);
