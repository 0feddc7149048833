// Puts the page together: the parts, what is open, and the address that says so.

import * as accounts from "./accounts.js";
import { Alerts } from "./alerts.js";
import { get, post } from "./api.js";
import * as bar from "./bar.js";
import { Detail } from "./detail.js";
import * as dom from "./dom.js";
import { Drawers } from "./drawers.js";
import * as feeds from "./feeds.js";
import * as format from "./format.js";
import * as groups from "./groups.js";
import { History } from "./history.js";
import { listen } from "./keys.js";
import { hush, say } from "./notices.js";
import { Pools } from "./pools.js";
import { store } from "./store.js";
import { mount as mountVerdict } from "./verdict.js";
import { VIEWS, roomy } from "./views.js";

const DRAWERS = ["whatif", "stress"];
const $ = (id) => document.getElementById(id);

/** Says something to screen readers, at once where it is urgent. */
function announce(text, urgent = false) {
  $(urgent ? "urgent" : "polite").textContent = text;
}

const context = { format, dom, announce, get, post };
const history = new History();
const detail = new Detail($("detail"), store, { close: closeTop, whatif: () => drawers.open("whatif") });
const pools = new Pools($("pools"), store, history, {
  open: (key) => openPool(key, !roomy.matches),
  select: (key) => detail.key !== null && openPool(key, false),
});
const drawers = new Drawers({
  pool: () => (detail.key === null ? pools.current() : (store.pool(detail.key) ?? null)),
  changed: settle,
  failed: () => say("part", "This part of the page could not be loaded.", ["Reload", () => location.reload()]),
});
const alerts = new Alerts(document.querySelector("[data-panel=alerts]"), store, { open: openPool, announce });

function openPool(key, focus = true) {
  if (store.pool(key) === undefined) return say("pool", `There is no pool ${key} any more.`);
  hush("pool");
  pools.select(key);
  detail.show(key, focus);
  settle();
}

/** Closes what lies on top. */
function closeTop() {
  if (drawers.opened !== null) return drawers.close();
  if (detail.key === null) return;
  const back = detail.hide();
  settle();
  back?.focus({ preventScroll: true });
}

/** After something was opened or closed: what lies below is out of reach, and the address says what is open. */
function settle() {
  const covered = drawers.opened !== null || (detail.key !== null && !roomy.matches);
  for (const below of document.querySelectorAll(".skip, header.bar, main, footer")) below.inert = covered;
  $("detail").inert = drawers.opened !== null;
  remember();
}

/** Keeps in the address what is open, so that it can be sent to somebody. */
function remember() {
  const pool = detail.key === null ? null : `pool=${encodeURI(detail.key).replaceAll("#", "%23")}`;
  globalThis.history.replaceState(null, "", `#${drawers.opened ?? pool ?? document.body.dataset.view}`);
}

/** Shows what the address asks for: a section, a drawer, or a pool as soon as it is known. */
function visit() {
  const hash = location.hash.slice(1);
  if (DRAWERS.includes(hash)) {
    if (document.body.dataset.view === undefined) view("pools");
    return drawers.open(hash);
  }
  drawers.close();
  view(VIEWS.includes(hash) ? hash : "pools");
  if (hash.startsWith("pool=")) return openWhenKnown(decode(hash.slice("pool=".length)));
  if (hash !== "pools" && VIEWS.includes(hash)) once(() => store.document() !== null, () => requestAnimationFrame(() => reveal(hash)));
}

/** While the monitor starts, a pool may still come. */
function openWhenKnown(key) {
  once(() => store.pool(key) !== undefined || (store.document()?.ready ?? false), () => openPool(key));
}

/** Does it as soon as the store holds what it takes. */
function once(holds, act) {
  const stop = store.subscribe(() => {
    if (!holds()) return;
    stop();
    act();
  });
}

/** Scrolls to a section where all of them are there. */
function reveal(name) {
  if (roomy.matches) document.querySelector(`[data-panel=${name}]`).scrollIntoView();
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody cut the address: no such pool then
  }
}

function view(name) {
  document.body.dataset.view = name;
  for (const button of document.querySelectorAll("button[data-view]")) dom.mark(button, "aria-pressed", String(button.dataset.view === name));
  pools.measure();
  pools.update();
}

/** The user asks for a section. */
function go(name) {
  view(name);
  remember();
  reveal(name);
}

/** Opens the form for the first alert that waits: of the opened pool, else of the chosen one, else of all. */
function acknowledge() {
  const { may_change, why_not } = store.session();
  if (!may_change) return say("may", why_not || "Log in to acknowledge.");
  const found = detail.key !== null ? detail.acknowledge() : (view("alerts"), alerts.acknowledge(pools.selected));
  if (!found) announce("No alert waits to be acknowledged.");
}

listen({
  list: $("pools"),
  find: $("search"),
  help: $("help"),
  everywhere: {
    j: () => pools.move(1),
    k: () => pools.move(-1),
    a: acknowledge,
    w: () => drawers.open("whatif"),
    s: () => drawers.open("stress"),
    t: () => toggleTheme(),
    "/": () => {
      view("pools");
      $("search").focus();
    },
    "?": () => $("help").showModal(),
    Escape: closeTop,
    ...Object.fromEntries(VIEWS.map((name, place) => [String(place + 1), () => go(name)])),
  },
  inList: {
    ArrowDown: () => pools.move(1),
    ArrowUp: () => pools.move(-1),
    PageDown: () => pools.move(10),
    PageUp: () => pools.move(-10),
    Home: () => pools.move(-Infinity),
    End: () => pools.move(Infinity),
    Enter: () => pools.current() && openPool(pools.current().key),
    " ": () => pools.current() && openPool(pools.current().key),
  },
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
for (const name of DRAWERS) $(`${name}-open`).addEventListener("click", () => drawers.open(name));
roomy.addEventListener("change", settle);
addEventListener("hashchange", visit);

/** Loads a part that is not needed at first; null where it cannot be had. */
async function load(name, element) {
  try {
    return (await import(`./${name}.js`)).mount(element, store, context);
  } catch (error) {
    console.warn(`${name} could not be loaded: ${error.message}`);
    return null;
  }
}

visit();
mountVerdict($("verdict"), store, openPool);
store.subscribe(() => pools.update());
store.subscribe(() => alerts.update());
accounts.mount(document.querySelector("[data-panel=pools]"), store);
groups.mount(document.querySelector("[data-panel=groups]"), store, openPool);
feeds.mount(document.querySelector("[data-panel=feeds]"), store);
bar.mount(store);
store.troubled = (about, text) => (text === "" ? hush(about) : say(about, text));
load("curve", detail.plot).then((part) => (detail.curve = part));
for (const name of DRAWERS) load(name, $(name)).then((part) => drawers.add(name, part));
history.start();
store.start();
