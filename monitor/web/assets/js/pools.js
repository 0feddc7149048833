// The list of pools: rows only for what is seen, so that thousands scroll like ten.

import { level } from "./danger.js";
import { el, mark, write } from "./dom.js";
import { Row } from "./row.js";
import { inPlace, pointedAt } from "./still.js";
import { isShown } from "./views.js";
import { holdings } from "./words.js";

const BEYOND = 6; // rows drawn above and below what is seen
const ORDER_EVERY_MS = 1000; // the document follows the screen, for those who hear it

export class Pools {
  #rows = new Map(); // key → Row, of what is drawn
  #shown = []; // pools that pass the filter, in order
  #serial = 0;
  #spare = []; // rows that show nothing now
  #top = 0; // where the list begins in the document
  #scrolled = 0; // by how much the document is
  #room = 0; // height of the window
  #ordered = 0;
  selected = null;

  constructor(list, store, history, { open, select }) {
    this.list = list;
    this.store = store;
    this.history = history;
    this.open = open;
    this.onSelect = select;
    this.filter = "all";
    this.words = "";
    list.addEventListener("click", (event) => {
      const row = event.target.closest("[data-pool]");
      if (row) this.#choose(row.dataset.pool, true);
    });
    let due = false;
    const again = () => {
      if (due) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        this.#draw();
      });
    };
    // What asks the browser where things stand makes it work that out. So it is asked only when nothing is written
    // that it did not lay out already: when it scrolls, and when it tells that what lies above has another size.
    const scrolled = () => {
      this.#scrolled = document.scrollingElement.scrollTop;
      again();
    };
    addEventListener("scroll", scrolled, { passive: true });
    const resized = new ResizeObserver(() => {
      this.measure();
      again();
    });
    for (const above of document.querySelectorAll(".bar, #notices, #verdict, #accounts-unread")) resized.observe(above);
    resized.observe(document.documentElement);
    this.pointed = pointedAt(list);
  }

  /** Looks where the list stands. */
  measure() {
    if (!isShown("pools")) return;
    this.height = null;
    this.#rowHeight();
    this.#scrolled = scrollY;
    this.#top = this.list.getBoundingClientRect().top + scrollY;
    this.#room = innerHeight;
  }

  /** Shows what the store holds now. */
  update() {
    const { store } = this;
    const levels = store.levels;
    const words = this.words.toLowerCase().split(/\s+/).filter(Boolean);
    const before = this.pointed() ? this.#shown.map((pool) => pool.key) : null;
    const shown = store.pools().filter((pool) => {
      if (this.filter !== "all") {
        const now = level(pool, levels, store.alerted(pool));
        if (this.filter === "near" ? now !== "critical" && now !== "warning" : now !== "blind") return false;
      }
      return !words.length || matches(pool, words);
    });
    this.#shown = before === null ? shown : inPlace(shown, (pool) => pool.key, before);
    this.#draw();
    this.#sayEmpty();
  }

  /** Moves the selection by so many rows. */
  move(by) {
    if (!this.#shown.length) return;
    const at = this.#shown.findIndex((pool) => pool.key === this.selected);
    const next = at < 0 ? 0 : Math.max(0, Math.min(this.#shown.length - 1, at + by));
    this.#choose(this.#shown[next].key, false);
    this.#reveal(next);
  }

  /** Marks this pool without opening it. */
  select(key) {
    this.selected = key;
    this.#draw();
  }

  /** The pool that is selected, or the most dangerous one. */
  current() {
    return this.#shown.find((pool) => pool.key === this.selected) ?? this.#shown[0] ?? null;
  }

  #choose(key, open) {
    this.selected = key;
    this.#draw();
    if (open) this.open(key);
    else this.onSelect(key);
  }

  #rowHeight() {
    if (!this.height) {
      const probe = el("div", { class: "row", "aria-hidden": "true" });
      this.list.append(probe);
      this.height = probe.getBoundingClientRect().height || 64;
      probe.remove();
    }
    return this.height;
  }

  #reveal(place) {
    const top = this.list.getBoundingClientRect().top + scrollY + place * this.#rowHeight();
    const least = scrollY + this.#under();
    if (top < least) scrollTo({ top: top - this.#under() - 8 });
    else if (top + this.#rowHeight() > scrollY + innerHeight) scrollTo({ top: top + this.#rowHeight() - innerHeight + 8 });
  }

  /** How much of the top of the window the bar covers. */
  #under() {
    return document.querySelector(".bar").offsetHeight;
  }

  #draw() {
    const { list, store } = this;
    const pools = this.#shown;
    if (!isShown("pools")) return;
    const height = this.#rowHeight();
    const total = `${pools.length * height}px`;
    if (list.style.height !== total) list.style.height = total;
    const top = this.#scrolled - this.#top;
    const first = Math.max(0, Math.floor(top / height) - BEYOND);
    const last = Math.min(pools.length, Math.ceil((top + this.#room) / height) + BEYOND);
    const now = store.now();
    const { live } = store.live();
    const seen = new Set(pools.slice(first, last).map((pool) => pool.key));
    for (const [key, row] of this.#rows) {
      if (seen.has(key)) continue;
      this.#rows.delete(key);
      this.#spare.push(row);
    }
    for (let place = first; place < last; place += 1) {
      const pool = pools[place];
      let row = this.#rows.get(pool.key);
      if (row === undefined) {
        row = this.#spare.pop() ?? new Row(`pool-${(this.#serial += 1)}`);
        this.#rows.set(pool.key, row);
        if (row.element.parentNode === null) list.append(row.element);
      }
      row.show(pool, level(pool, store.levels, store.alerted(pool)), store.levels, now, this.history.of(pool.key), store.alertsOf(pool), live);
      const where = `translateY(${place * height}px)`;
      if (row.element.style.transform !== where) row.element.style.transform = where;
      const chosen = pool.key === this.selected;
      mark(row.element, "aria-selected", String(chosen));
      mark(row.element, "aria-posinset", String(place + 1));
      mark(row.element, "aria-setsize", String(pools.length));
    }
    for (const row of this.#spare) row.element.remove();
    mark(list, "aria-activedescendant", this.#rows.get(this.selected)?.element.id ?? null);
    this.#order(pools.slice(first, last));
  }

  /** Puts the rows into the document as they stand on the screen. */
  #order(pools) {
    const now = performance.now();
    if (now - this.#ordered < ORDER_EVERY_MS) return;
    this.#ordered = now;
    let next = this.list.firstElementChild;
    for (const pool of pools) {
      const { element } = this.#rows.get(pool.key);
      if (element === next) next = next.nextElementSibling;
      else this.list.insertBefore(element, next);
    }
  }

  #sayEmpty() {
    const empty = document.getElementById("pools-empty");
    empty.hidden = this.#shown.length > 0;
    mark(this.list.parentElement, "data-empty", String(!empty.hidden));
    if (empty.hidden) return;
    const some = this.store.pools().length > 0;
    const { ready } = this.store.document() ?? {};
    const none = ready === undefined ? "Waiting for the monitor." : ready ? "No pool is open." : "Not everything was read yet.";
    write(empty, some ? "No pool is like that." : none);
  }
}

function matches(pool, words) {
  const text = `${pool.venue} ${pool.account} ${pool.pool} ${pool.quality} ${pool.of.group} ${Object.keys(pool.coins).join(" ")} ${holdings(pool)}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
