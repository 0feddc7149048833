// The bar: whether all this is of now, how much there is of each section, and the title and icon of the window.

import { groupLevel } from "./groups.js";
import { el, mark, write } from "./dom.js";
import * as format from "./format.js";
import { hush, say } from "./notices.js";
import { judged } from "./verdict.js";

const ICON = { critical: "%23d8323d", warning: "%23e0952a", safe: "%232f9e68" };
const NO_ICON = "%237a8594";

const $ = (id) => document.getElementById(id);

/** Keeps the bar of `store`. */
export function mount(store) {
  store.subscribe(() => {
    const said = store.document();
    showLive(store, said);
    if (said === null) return;
    if (said.version === store.version) hush("version");
    else say("version", `The monitor is now version ${said.version}, this page is of ${store.version}.`, ["Reload", () => location.reload()]);
    write($("instance"), said.instance ?? "");
    write($("version"), `version ${said.version}`);
    showCounts(store, said);
    showMay(store.session());
    showTitle(store);
  });
}

function showLive(store, said) {
  const { live, silent } = store.live();
  mark($("live"), "data-live", String(live));
  mark(document.body, "data-old", String(said !== null && !live));
  write($("live-text"), said === null ? "connecting" : live ? "live" : "not live");
  write($("live-age"), said === null || live ? "" : ` · ${format.duration(silent)}`);
}

function showCounts(store, said) {
  const down = (said.feeds ?? []).filter((feed) => !feed.up).length;
  const groups = (said.groups ?? []).map((group) => groupLevel(group, store.levels));
  tell("count-pools", store.pools().length);
  tell("count-alerts", said.alerts.length, said.alerts.some((alert) => alert.severity === "critical") ? "critical" : said.alerts.length ? "warning" : null);
  tell("count-groups", groups.length, ["critical", "warning"].find((level) => groups.includes(level)));
  tell("count-feeds", down ? `${down} down` : (said.feeds ?? []).length, down ? "blind" : null);
}

function tell(id, text, level = null) {
  write($(id), String(text));
  mark($(id), "data-level", level);
}

function showMay({ may_change, why_not, login }) {
  const signature = may_change ? "" : login ? "login" : (why_not ?? "");
  if ($("may").dataset.says === signature) return;
  $("may").dataset.says = signature;
  $("may").replaceChildren(...(may_change ? [] : login ? [el("a", { href: "/login?next=/", text: "Log in to acknowledge" })] : [why_not ?? ""]));
}

function showTitle(store) {
  const said = judged(store);
  const near = said.near && said.level !== "old" ? ` · ${said.near.figure}` : "";
  const title = `${said.headline}${near} · marginwatch`;
  if (document.title !== title) document.title = title;
  const shape = said.level === "critical" ? "<path d='M5 1h6l4 4v6l-4 4H5l-4-4V5z'/>" : said.level === "warning" ? "<path d='M8 1l7 14H1z'/>" : "<circle cx='8' cy='8' r='7'/>";
  mark($("icon"), "href", `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='${ICON[said.level] ?? NO_ICON}'>${shape}</svg>`);
}
