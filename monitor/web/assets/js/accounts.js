// Accounts without a pool: flat, or not read, which is not the same.

import { el, redraw } from "./dom.js";
import * as format from "./format.js";
import { level, quality } from "./parts.js";

/** Shows what is not known above the pools, and what is flat below them. */
export function mount(section, store) {
  const unread = section.querySelector("#accounts-unread");
  const flat = section.querySelector("#accounts-flat");
  store.subscribe(() => {
    const empty = (store.document()?.accounts ?? []).filter((account) => !account.pools.length);
    const { live } = store.live();
    show(unread, empty.filter((account) => account.quality !== "LIVE"), live);
    show(flat, empty.filter((account) => account.quality === "LIVE"), live);
  });
}

function show(list, accounts, live) {
  list.hidden = accounts.length === 0;
  const what = accounts.map(({ venue, account, quality, reasons }) => ({ venue, account, quality, reasons }));
  redraw(list, [what, live], ([each]) => each.map((account) => row(account, live)));
}

function row(account, live) {
  const known = account.quality === "LIVE" && live;
  return el("li", { data: { level: known ? "calm" : "blind", stale: String(!known) } },
    level(known ? "calm" : "blind"),
    el("span", { class: "account-name" }, el("b", { text: account.account }), " ", el("span", { class: "soft", text: account.venue })),
    el("span", { class: "soft account-why", text: format.reasons(account.reasons) || "no open pool" }), quality(account, live));
}
