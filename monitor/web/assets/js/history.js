// The last hours of every pool, asked for once a minute.

import { keyOf } from "./store.js";

const EVERY_MS = 60000;

const LEAST_POINTS = 60; // an hour: what is younger begins on the right

/** A ring with gaps before its first point where it is short, so that a minute never looks like hours. */
const wide = (ratios) => (ratios.length < LEAST_POINTS ? [...new Array(LEAST_POINTS - ratios.length).fill(null), ...ratios] : ratios);

export class History {
  #rings = new Map();

  start() {
    this.#ask();
    setInterval(() => this.#ask(), EVERY_MS);
  }

  /** The ratios of a pool, one a minute and oldest first; undefined where nothing is remembered. */
  of(key) {
    return this.#rings.get(key);
  }

  async #ask() {
    try {
      const answer = await fetch("/api/v1/history", { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const { pools } = await answer.json();
      this.#rings = new Map(pools.map((ring) => [keyOf(ring.venue, ring.account, ring.pool), wide(ring.ratio)]));
    } catch {
      // The lines stay as they are: they end where they end.
    }
  }
}
