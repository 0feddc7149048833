// How figures are written. null is not known: it is written as a word and never as zero.

const UNKNOWN = "unknown";
const SPACE = "\u202f"; // narrow, unbreakable
const MINUS = "\u2212";

const grouped = (digits, least = 0) =>
  new Intl.NumberFormat("en-US", { maximumFractionDigits: digits, minimumFractionDigits: least });
const FIXED = [0, 1, 2, 3, 4].map((digits) => grouped(digits, digits));
const PRICE = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6 });
const SIGNIFICANT = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 5 });

const known = (value) => typeof value === "number" && Number.isFinite(value);
const signed = (text) => text.replace("-", MINUS);

/** A ratio as percent: 0.0427 is 4.3 %. */
export function percent(ratio) {
  if (!known(ratio)) return UNKNOWN;
  const value = Math.abs(ratio * 100);
  const digits = value >= 100 ? 0 : value >= 1 || value === 0 ? 1 : 2;
  return signed(FIXED[digits].format(ratio * 100)) + SPACE + "%";
}

/** US dollars without cents, unless there are few. */
export function money(usd) {
  if (!known(usd)) return UNKNOWN;
  return signed(FIXED[usd !== 0 && Math.abs(usd) < 10 ? 2 : 0].format(usd));
}

/** US dollars in little room: 1.24 M. */
export function shortMoney(usd) {
  if (!known(usd)) return UNKNOWN;
  const size = Math.abs(usd);
  if (size >= 1e12) return signed(FIXED[2].format(usd / 1e12)) + SPACE + "T";
  if (size >= 1e10) return signed(FIXED[1].format(usd / 1e9)) + SPACE + "B";
  if (size >= 1e9) return signed(FIXED[2].format(usd / 1e9)) + SPACE + "B";
  if (size >= 1e7) return signed(FIXED[1].format(usd / 1e6)) + SPACE + "M";
  if (size >= 1e6) return signed(FIXED[2].format(usd / 1e6)) + SPACE + "M";
  return money(usd);
}

/** A price, six digits that matter. */
export function price(value) {
  if (!known(value)) return UNKNOWN;
  return signed(Math.abs(value) >= 100000 ? FIXED[0].format(value) : PRICE.format(value));
}

/** A quantity or another plain number. */
export function number(value) {
  return known(value) ? signed(SIGNIFICANT.format(value)) : UNKNOWN;
}

export function sigmas(value) {
  return known(value) ? `${FIXED[1].format(value)}${SPACE}σ` : "";
}

/** How long, in the largest unit that tells: 8 s, 4 min, 3 h, 2 d. */
export function duration(seconds) {
  if (!known(seconds)) return UNKNOWN;
  const size = Math.max(0, seconds);
  if (size < 99.5) return `${Math.round(size)}${SPACE}s`;
  if (size < 5940) return `${Math.round(size / 60)}${SPACE}min`;
  if (size < 172800) return `${FIXED[size < 36000 ? 1 : 0].format(size / 3600)}${SPACE}h`;
  return `${FIXED[0].format(size / 86400)}${SPACE}d`;
}

/** How old something of that time is. */
export function age(time, now) {
  return known(time) ? duration(now - time) : UNKNOWN;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** Local time of day, with the date where it is not near. */
export function clock(time, now = time) {
  if (!known(time)) return UNKNOWN;
  return (Math.abs(now - time) < 43200 ? CLOCK : DAY).format(new Date(time * 1000));
}

/** A distance: what lies beyond ten times the price is as good as that. */
const away = (ratio) => (known(ratio) && ratio >= 10 ? `>${SPACE}1,000${SPACE}%` : percent(ratio));

/** How far a line is: a distance, «never», «now» or «unknown». */
export function line(answer) {
  switch (answer?.state) {
    case "at":
      return away(answer.distance_ratio);
    case "never":
      return "never";
    case "liquidatable":
      return "now";
    default:
      return UNKNOWN;
  }
}

/** A margin ratio. Liquidatable without a value: nothing is left. */
export function ratio(answer) {
  if (answer?.state === "at" || known(answer?.value)) return percent(answer.value);
  return answer?.state === "liquidatable" ? "no equity" : UNKNOWN;
}

/** A leverage: 6.8×. */
export function leverage(answer) {
  if (answer?.state === "at") return `${FIXED[1].format(answer.value)}×`;
  return answer?.state === "liquidatable" ? "no equity" : UNKNOWN;
}

/** The first words of a list of reasons. */
export function reasons(list) {
  return (list ?? []).join("; ");
}

/** One or many: 1 pool, 2 pools. */
export function count(size, one, many = `${one}s`) {
  return `${FIXED[0].format(size)} ${size === 1 ? one : many}`;
}
