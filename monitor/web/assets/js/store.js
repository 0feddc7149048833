// What the monitor said last, and since when it says nothing. All parts of the page read from here.

import { DEFAULT_LEVELS, byDanger, worse } from "./danger.js";
import { follow } from "./stream.js";

const SILENCE_SECONDS = 10; // so long without a word, and nothing shown counts as live
const FAILURES = 2; // so often nobody answered in a row: neither does it then

/** The name of a pool on this page: its place in URLs, marks and maps. */
export const keyOf = (venue, account, pool) => `${venue}/${account}/${pool}`;
const accountKey = (account) => `${account.venue}/${account.account}`;
const feedKey = (feed) => `${feed.venue}/${feed.account}/${feed.stream}`;

const NOTHING = [];

class Store {
  #document = null;
  #pools = null; // flat and in order, made when asked for
  #flat = new WeakMap(); // of each account its pools with their account's name
  #listeners = new Set();
  #due = false;
  #heard = -Infinity; // performance.now() at the last word
  #ahead = 0; // monitor's clock less ours, seconds
  #session = { may_change: false, nonce: "", login: false, why_not: "", levels: DEFAULT_LEVELS };
  #alerted = null;
  #wasLive = false;
  #failures = 0;
  version = null; // of the monitor that was heard first: this page is its
  turn = 0; // counts how often the listeners were called
  troubled = () => {}; // what to do with (about, text): trouble of the page itself, "" when it is over

  start() {
    follow({ snapshot: (body) => this.#take(body), change: (body) => this.#change(body), failed: () => this.#fail(), unreadable: (text) => this.troubled("stream", text) });
    this.refreshSession();
    setInterval(() => {
      if (this.live().live !== this.#wasLive || this.#document) this.#tell();
    }, 1000);
  }

  /** The whole document of /api/v1/pools, null before the first. */
  document() {
    return this.#document;
  }

  /** All pools, most dangerous first; each with key, venue, account and its account's report. */
  pools() {
    this.#pools ??= byDanger((this.#document?.accounts ?? []).flatMap((account) => this.#poolsOf(account)));
    return this.#pools;
  }

  /** One of them by its key, undefined where it is gone. */
  pool(key) {
    return this.pools().find((pool) => pool.key === key);
  }

  /** Calls back at most once a frame after something changed, and once a second for the ages. Returns how to end it. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What this browser may do, with the thresholds of the monitor. */
  session() {
    return this.#session;
  }

  get levels() {
    return this.#session.levels ?? DEFAULT_LEVELS;
  }

  /** Whether what is shown is of now: `since` is when the monitor was heard last (its clock), `silent` for how long. */
  live() {
    const silent = (performance.now() - this.#heard) / 1000;
    return { live: silent < SILENCE_SECONDS && this.#failures < FAILURES, silent, since: this.#document?.at ?? null };
  }

  /** The monitor's clock, seconds since 1970. */
  now() {
    return Date.now() / 1000 + this.#ahead;
  }

  /** What fires about a pool. */
  alertsOf(pool) {
    if (this.#alerted === null) {
      this.#alerted = new Map();
      for (const alert of this.#document?.alerts ?? []) {
        const { venue, account, pool: name } = alert.labels;
        if (!venue || !account || !name) continue;
        const key = keyOf(venue, account, name);
        this.#alerted.set(key, [...(this.#alerted.get(key) ?? []), alert]);
      }
    }
    return this.#alerted.get(pool.key) ?? NOTHING;
  }

  /** The worst severity of that. */
  alerted(pool) {
    return this.alertsOf(pool).reduce((level, alert) => worse(level, alert.severity), "calm");
  }

  async refreshSession() {
    try {
      const answer = await fetch("/api/v1/session", { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const said = await answer.json();
        this.#session = { ...this.#session, ...said, levels: { ...DEFAULT_LEVELS, ...said.levels } };
      } else this.#session = { ...this.#session, may_change: false, why_not: "The monitor does not say who may change something." };
    } catch {
      return; // asked again when something is heard
    }
    this.#tell();
  }

  #poolsOf(account) {
    let pools = this.#flat.get(account);
    if (pools === undefined) {
      pools = account.pools.map((pool) => ({
        ...pool,
        key: keyOf(account.venue, account.account, pool.pool),
        venue: account.venue,
        account: account.account,
        of: account,
      }));
      this.#flat.set(account, pools);
    }
    return pools;
  }

  #hear(at) {
    const first = !this.live().live;
    this.#heard = performance.now();
    this.#failures = 0;
    if (typeof at === "number") this.#ahead = at - Date.now() / 1000;
    if (first && this.#document !== null) this.refreshSession(); // it may be another process now
  }

  #fail() {
    this.#failures += 1;
    this.#tell();
  }

  /** Throws where this is no document. */
  #take(body) {
    if (!Array.isArray(body?.accounts) || !Array.isArray(body.alerts)) throw new TypeError("no document");
    const other = this.#document !== null && this.#document.started !== body.started;
    this.#document = body;
    this.version ??= body.version;
    this.#hear(body.at);
    if (other) this.refreshSession(); // another process, with nonces of its own
    this.#changed();
  }

  /** Throws where this changes nothing that is known. */
  #change(body) {
    if (this.#document === null) throw new TypeError("a change of nothing");
    const { accounts, groups, feeds, gone, ...rest } = body;
    const next = { ...this.#document, ...rest };
    next.accounts = merged(this.#document.accounts, accounts, gone?.accounts, accountKey);
    next.groups = merged(this.#document.groups ?? [], groups, gone?.groups, (group) => group.name ?? group);
    next.feeds = merged(this.#document.feeds ?? [], feeds, gone?.feeds, feedKey);
    this.#document = next;
    this.#hear(body.at);
    this.#changed();
  }

  #changed() {
    this.#pools = null;
    this.#alerted = null;
    this.#tell();
  }

  #tell() {
    if (this.#due) return;
    this.#due = true;
    const run = () => {
      this.#due = false;
      this.#wasLive = this.live().live;
      this.turn += 1;
      let broken = "";
      for (const listener of this.#listeners) {
        try {
          listener();
        } catch (error) {
          console.error(error); // one broken part must not silence the others
          broken = "A part of this page could not show what it was told, and may stand still. Reload it, or open /plain.";
        }
      }
      this.troubled("broken", broken);
    };
    // A hidden page has no frames, and its title still counts.
    if (document.hidden) setTimeout(run, 250);
    else requestAnimationFrame(run);
  }
}

/** A list with the changed members replaced, new ones at its end, and without those that are gone. */
function merged(list, changed, gone, key) {
  if (!changed?.length && !gone?.length) return list;
  const next = new Map(list.map((member) => [key(member), member]));
  for (const each of gone ?? []) next.delete(key(each));
  for (const each of changed ?? []) next.set(key(each), each);
  return [...next.values()];
}

export const store = new Store();
