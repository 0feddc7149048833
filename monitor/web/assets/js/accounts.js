// Accounts without a pool: flat, or not read, which is not the same.

import { el, redraw } from "./dom.js";
import * as format from "./format.js";
import { level, quality } from "./parts.js";

export function mount(section, store) {
  const list = section.querySelector("#accounts");
  store.subscribe(() => {
    const empty = (store.document()?.accounts ?? []).filter((account) => !account.pools.length);
    const { live } = store.live();
    list.hidden = empty.length === 0;
    redraw(list, [empty.map(({ venue, account, quality, reasons }) => ({ venue, account, quality, reasons })), live], ([accounts]) =>
      accounts.map((each) => row(each, live)));
  });
}

function row(account, live) {
  const known = account.quality === "LIVE" && live;
  return el("li", { data: { level: known ? "calm" : "blind", stale: String(!known) } },
    level(known ? "calm" : "blind"),
    el("span", { class: "account-name" }, el("b", { text: account.account }), " ", el("span", { class: "soft", text: account.venue })),
    el("span", { class: "soft account-why", text: format.reasons(account.reasons) || "no open pool" }), quality(account, live));
}
