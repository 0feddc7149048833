// Puts the page together: the parts, the keys, and what is open.

import * as accounts from "./accounts.js";
import { Alerts } from "./alerts.js";
import { get, post } from "./api.js";
import { Detail } from "./detail.js";
import * as dom from "./dom.js";
import * as feeds from "./feeds.js";
import * as format from "./format.js";
import * as groups from "./groups.js";
import { groupLevel } from "./groups.js";
import { History } from "./history.js";
import { Pools } from "./pools.js";
import { store } from "./store.js";
import { judge, mount as mountVerdict } from "./verdict.js";
import { VIEWS, roomy } from "./views.js";

const $ = (id) => document.getElementById(id);

/** Says something to screen readers, at once where it is urgent. */
function announce(text, urgent = false) {
  $(urgent ? "urgent" : "polite").textContent = text;
}

const context = { format, dom, announce, get, post };
const drawers = { whatif: null, stress: null };
let opened = null; // the drawer that lies on top

const history = new History();
const detail = new Detail($("detail"), store, { close: closeTop, whatif: () => openDrawer("whatif") });
const pools = new Pools($("pools"), store, history, {
  open: (key) => openPool(key, false),
  select: (key) => detail.key !== null && openPool(key, false),
});

function openPool(key, focus = true) {
  if (store.pool(key) === undefined) return announce("This pool is not there any more.");
  pools.select(key);
  detail.show(key, focus);
  remember(`pool=${encodeURIComponent(key)}`);
}

/** Keeps in the address what is open, so that it can be sent to somebody. */
function remember(hash) {
  globalThis.history.replaceState(null, "", `#${hash}`);
}

/** Shows what the address asks for: a section, or a pool as soon as it is known. */
function visit() {
  const hash = location.hash.slice(1);
  view(VIEWS.includes(hash) ? hash : "pools");
  if (roomy.matches && hash !== "pools" && VIEWS.includes(hash)) document.querySelector(`[data-panel=${hash}]`).scrollIntoView();
  if (!hash.startsWith("pool=")) return;
  const stop = store.subscribe(() => {
    if (store.document() === null) return;
    stop();
    openPool(decode(hash.slice("pool=".length)));
  });
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody cut the address: no such pool then
  }
}

function openDrawer(name) {
  const drawer = drawers[name];
  if (drawer === null) return announce("This part of the page could not be loaded.", true);
  if (opened !== null && opened !== name) closeDrawer();
  opened = name;
  $(name).hidden = false;
  drawer.open(detail.key === null ? pools.current() : store.pool(detail.key) ?? null);
  $(name).focus({ preventScroll: true });
}

function closeDrawer() {
  const name = opened;
  opened = null;
  drawers[name].close();
  $(name).hidden = true;
  (detail.key === null ? $("pools") : $("detail")).focus({ preventScroll: true });
}

function closeTop() {
  if (opened !== null) return closeDrawer();
  detail.hide();
  remember(document.body.dataset.view);
}

function view(name) {
  document.body.dataset.view = name;
  for (const button of document.querySelectorAll("[data-view]")) if (button !== document.body) dom.mark(button, "aria-pressed", String(button.dataset.view === name));
  pools.update();
}

/** The user asks for a section. */
function go(name) {
  remember(name);
  visit();
}

function showBar() {
  const said = store.document();
  const { live, silent } = store.live();
  dom.mark($("live"), "data-live", String(live));
  dom.mark(document.body, "data-old", String(said !== null && !live));
  dom.write($("live-text"), said === null ? "connecting" : live ? "live" : "not live");
  dom.write($("live-age"), said === null || live ? "" : ` · ${format.duration(silent)}`);
  if (said === null) return;
  dom.write($("instance"), said.instance ?? "");
  dom.write($("version"), `version ${said.version}`);
  const down = (said.feeds ?? []).filter((feed) => !feed.up).length;
  tell("count-pools", store.pools().length, "calm");
  tell("count-alerts", said.alerts.length, said.alerts.some((alert) => alert.severity === "critical") ? "critical" : said.alerts.length ? "warning" : "calm");
  tell("count-groups", (said.groups ?? []).length, (said.groups ?? []).map((group) => groupLevel(group, store.levels)).find((level) => level === "critical" || level === "warning") ?? "calm");
  tell("count-feeds", down ? `${down} down` : (said.feeds ?? []).length, down ? "blind" : "calm");
  const { may_change, why_not } = store.session();
  $("may").replaceChildren(...(may_change ? [] : store.session().login ? [dom.el("a", { href: "/login?next=/", text: "Log in to acknowledge" })] : [why_not ?? ""]));
  showTitle();
}

function tell(id, text, level) {
  dom.write($(id), String(text));
  dom.mark($(id), "data-level", level);
}

const ICON = { critical: "%23d8323d", warning: "%23e0952a", safe: "%232f9e68" };

function showTitle() {
  const said = judge(store);
  const near = said.near && said.level !== "old" ? ` · ${said.near.figure}` : "";
  const title = `${said.headline}${near} · marginwatch`;
  if (document.title !== title) document.title = title;
  const shape = said.level === "critical" ? "<path d='M5 1h6l4 4v6l-4 4H5l-4-4V5z'/>" : said.level === "warning" ? "<path d='M8 1l7 14H1z'/>" : "<circle cx='8' cy='8' r='7'/>";
  const icon = `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='${ICON[said.level] ?? "%237a8594"}'>${shape}</svg>`;
  dom.mark($("icon"), "href", icon);
}

const KEYS = {
  j: () => pools.move(1),
  k: () => pools.move(-1),
  w: () => openDrawer("whatif"),
  s: () => openDrawer("stress"),
  t: () => toggleTheme(),
  "/": () => {
    view("pools");
    $("search").focus();
  },
  "?": () => $("help").showModal(),
  Escape: closeTop,
};
VIEWS.forEach((name, place) => (KEYS[String(place + 1)] = () => go(name)));
const IN_LIST = {
  ArrowDown: () => pools.move(1),
  ArrowUp: () => pools.move(-1),
  PageDown: () => pools.move(10),
  PageUp: () => pools.move(-10),
  Home: () => pools.move(-Infinity),
  End: () => pools.move(Infinity),
  Enter: () => pools.current() && openPool(pools.current().key),
  " ": () => pools.current() && openPool(pools.current().key),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open || event.defaultPrevented) return;
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (typing) {
    if (event.key === "Escape" && typing.id === "search") $("pools").focus();
    else if (event.key === "Enter" && typing.id === "search") $("pools").focus();
    else if (event.key === "Escape") closeTop();
    return;
  }
  const at_home = event.target === $("pools") || event.target === document.body;
  const act = (at_home ? IN_LIST[event.key] : undefined) ?? KEYS[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});

for (const button of document.querySelectorAll("button[data-view]")) button.addEventListener("click", () => go(button.dataset.view));
for (const button of document.querySelectorAll("[data-filter]"))
  button.addEventListener("click", () => {
    pools.filter = button.dataset.filter;
    for (const each of document.querySelectorAll("[data-filter]")) dom.mark(each, "aria-pressed", String(each === button));
    pools.update();
  });
$("search").addEventListener("input", (event) => {
  pools.words = event.target.value;
  pools.update();
});
$("theme").addEventListener("click", () => toggleTheme());
$("help-open").addEventListener("click", () => $("help").showModal());
$("whatif-open").addEventListener("click", () => openDrawer("whatif"));
$("stress-open").addEventListener("click", () => openDrawer("stress"));

async function load(name, use) {
  try {
    use(await import(`./${name}.js`));
  } catch (error) {
    console.warn(`${name} could not be loaded: ${error.message}`);
  }
}

visit();
addEventListener("hashchange", visit);
mountVerdict($("verdict"), store, openPool);
new Alerts(document.querySelector("[data-panel=alerts]"), store, { open: openPool, announce });
accounts.mount(document.querySelector("[data-panel=pools]"), store);
groups.mount(document.querySelector("[data-panel=groups]"), store, openPool);
feeds.mount(document.querySelector("[data-panel=feeds]"), store);
store.subscribe(showBar);
load("curve", (module) => (detail.curve = module.mount(detail.plot, store, context)));
load("whatif", (module) => (drawers.whatif = module.mount($("whatif"), store, context)));
load("stress", (module) => (drawers.stress = module.mount($("stress"), store, context)));
history.start();
store.start();
