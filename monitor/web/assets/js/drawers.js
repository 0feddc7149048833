// The drawers that lie over everything, what if and stress. While one is open, what lies below cannot be reached.

const $ = (id) => document.getElementById(id);

export class Drawers {
  #parts = new Map(); // by name; null where it could not be loaded
  #wanted = null; // asked for before it was loaded
  #back = null; // what had the focus before
  opened = null; // the name of the one that is open

  /** `changed` is called after one was opened or closed; `pool` gives the pool that one is opened for, or null. */
  constructor({ pool, changed, failed }) {
    this.pool = pool;
    this.changed = changed;
    this.failed = failed;
    // What lies below is inert, so that a click on it ends at the document.
    document.addEventListener("pointerdown", (event) => {
      if (this.opened !== null && (event.target === document.documentElement || event.target === document.body)) this.close();
    });
  }

  /** Takes a part when it was loaded, null where that failed. */
  add(name, part) {
    this.#parts.set(name, part);
    if (this.#wanted === name) this.open(name);
  }

  open(name) {
    const part = this.#parts.get(name);
    this.#wanted = part === undefined ? name : null;
    if (part === null) return this.failed();
    if (part === undefined || this.opened === name) return;
    if (this.opened === null) this.#back = document.activeElement;
    else this.#put(false);
    this.opened = name;
    this.#put(true);
    part.open(this.pool());
    this.changed();
    $(name).focus({ preventScroll: true });
  }

  /** Closes what is open, if anything is; the focus goes back to where it was. */
  close() {
    this.#wanted = null;
    if (this.opened === null) return;
    this.#parts.get(this.opened).close();
    this.#put(false);
    this.opened = null;
    this.changed();
    if (this.#back?.isConnected && this.#back !== document.body) this.#back.focus({ preventScroll: true });
    else $("pools").focus({ preventScroll: true });
  }

  #put(open) {
    $(this.opened).hidden = !open;
  }
}
