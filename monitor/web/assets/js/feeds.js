// The feeds with their ledger: what was asked, what comes, and what could not be read. What is down stands first.

import { el, redraw } from "./dom.js";
import * as format from "./format.js";
import { level, table } from "./parts.js";
import { isShown } from "./views.js";

const COLUMNS = [["Stream"], ["State"], ["Last", "number"], ["Lag", "number"], ["Messages", "number"], ["Reconnects", "number"], ["Unread", "number"]];

export function mount(section, store) {
  const box = section.querySelector("#feeds");
  const venues = new Map();
  let drawn = -Infinity;
  store.subscribe(() => {
    const now = performance.now();
    if (now - drawn < 1900 || !isShown("feeds") || store.document() === null) return;
    drawn = now;
    show(box, venues, store.document(), store.now());
  });
}

function show(box, venues, document, now) {
  const by = Map.groupBy(document.feeds ?? [], (feed) => feed.venue);
  for (const [venue, each] of venues) {
    if (by.has(venue)) continue;
    each.remove();
    venues.delete(venue);
  }
  if (!by.size) return redraw(box, "none", () => el("p", { class: "empty", text: "None yet." }));
  for (const [venue, feeds] of by) {
    let part = venues.get(venue);
    if (part === undefined) {
      if (!venues.size) box.replaceChildren();
      part = el("details", { class: "venue", data: { venue } }, el("summary"), el("div"));
      part.open = by.size < 4;
      venues.set(venue, part);
      box.append(part);
    }
    const budget = (document.budgets ?? []).find((each) => each.venue === venue);
    const [summary, body] = part.children;
    redraw(summary, head(venue, feeds, budget, document.clock_offsets?.[venue], now), (texts) => [level(texts.level), el("b", { text: venue }), el("span", { class: "soft", text: texts.text })]);
    if (part.open) redraw(body, feeds.map((feed) => cells(feed, now)), (rows) => [reasons(feeds), table(`Feeds of ${venue}`, COLUMNS, rows.map(row))]);
  }
}

function head(venue, feeds, budget, offset, now) {
  const down = feeds.filter((feed) => !feed.up).length;
  const banned = budget?.banned_until > now;
  const texts = [down ? `${down} of ${feeds.length} not delivering` : `${feeds.length} delivering`];
  if (budget && budget.used_ratio !== null) texts.push(`${format.percent(budget.used_ratio)} of its limit used`);
  if (banned) texts.push(`banned until ${format.clock(budget.banned_until, now)}`);
  if (typeof offset === "number") texts.push(`clock ${Math.round(offset * 1000)}\u202fms off`);
  return { level: banned ? "critical" : down ? "blind" : "calm", text: texts.join(" · ") };
}

function cells(feed, now) {
  const unread = feed.malformed + feed.unrecognised;
  return [feed.up, `${feed.account} ${feed.stream}`.trim(), feed.phase, feed.last_message === null ? "none yet" : format.age(feed.last_message, now),
    feed.lag_seconds === null ? "–" : `${Math.round(feed.lag_seconds * 1000)}\u202fms`, format.number(feed.messages), format.number(feed.reconnects), format.number(unread)];
}

function row([up, name, phase, ...rest]) {
  return [name, el("span", { class: "tag", data: { level: up ? "calm" : "blind" }, text: phase }), ...rest];
}

function reasons(feeds) {
  const why = Map.groupBy(feeds.filter((feed) => !feed.up && feed.reason), (feed) => feed.reason);
  const names = (those) => those.map((feed) => `${feed.account} ${feed.stream}`.trim()).join(", ");
  return why.size ? el("ul", { class: "plain why" }, [...why].map(([reason, those]) => el("li", { text: `${names(those)}: ${reason}` }))) : null;
}
