// The forms of single edits: what is asked for, and how it is put into a request.

export const EDITS = [
  { name: "trade", title: "trade", fields: ["account", "symbol", "quantity", "unit", "price", "margin_mode", "leverage", "side"] },
  { name: "close", title: "close", fields: ["account", "held", "fraction", "price"] },
  { name: "collateral", title: "collateral", fields: ["account", "asset", "amount", "pool"] },
  { name: "transfer", title: "transfer", fields: ["account", "pool", "to", "to_pool", "asset", "amount"] },
  { name: "leverage", title: "leverage", fields: ["account", "symbol", "leverage"] },
  { name: "margin_mode", title: "margin mode", fields: ["account", "held", "margin_mode"] },
];

const LABELS = {
  account: "Account", to: "To account", symbol: "Symbol", held: "Position", quantity: "Quantity, − sells", unit: "Counted in", price: "At price", margin_mode: "Margin",
  leverage: "Leverage", side: "Leg", fraction: "Part, %", asset: "Asset", amount: "Amount", pool: "Of pool", to_pool: "To pool",
};
const OPTIONS = {
  unit: [["shown", "as the position is shown"], ["coins", "coins"], ["contracts", "contracts"], ["usd", "USD"]],
  margin_mode: [["", "as it is"], ["cross", "cross"], ["isolated", "isolated"]],
  side: [["", "as its sign says"], ["long", "long"], ["short", "short"]],
};
const HINTS = { price: "mark", leverage: "as it is", fraction: "100", amount: "− takes out" };
const OPTIONAL = ["price", "margin_mode", "leverage", "side", "pool", "to_pool"];
const NUMBERS = ["quantity", "price", "leverage", "fraction", "amount"];

/** The number of the next list of symbols, so that each input finds its own. */
let lists = 0;

/** One edit as a form: {element, read(wrong) -> the edit, or null where its main field is empty}. */
export function editor(name, store, context, pool, remove) {
  const { el } = context.dom;
  const { title, fields } = EDITS.find((each) => each.name === name);
  const inputs = {};
  const offer = el("datalist", { id: `symbols-${++lists}` });

  const accounts = () => (store.document()?.accounts ?? []).map((each) => [`${each.venue}/${each.account}`, `${each.account} · ${each.venue}`]);
  const held = (key) => store.pools().filter((each) => `${each.venue}/${each.account}` === key);
  const select = (rows, chosen) => el("select", {}, rows.map(([value, text]) => el("option", { value, text, selected: value === chosen })));
  const pools = (key, chosen = "") => [["", "shared collateral"], ...held(key).map((each) => [each.pool, each.pool])].map(([value, text]) => el("option", { value, text, selected: value === chosen }));
  const positions = (key) => held(key).flatMap((each) => each.positions.map((position) => ({ value: `${position.symbol}|${position.side}`, text: `${position.symbol} ${position.side} ${context.format.number(position.quantity)}`, pool: each.pool })));

  const make = {
    account: () => select(accounts(), pool ? `${pool.venue}/${pool.account}` : undefined),
    to: () => select(accounts()),
    held: () => el("select", {}),
    pool: () => el("select", {}),
    to_pool: () => el("select", {}),
    symbol: () => el("input", { list: offer.id, autocomplete: "off", spellcheck: "false", placeholder: "BTCUSDT" }),
    asset: () => el("input", { autocomplete: "off", spellcheck: "false", value: pool?.numeraire ?? "USDT" }),
  };
  for (const field of fields) {
    const plain = () => el("input", { inputmode: "decimal", autocomplete: "off", spellcheck: "false", placeholder: HINTS[field] ?? "0" });
    inputs[field] = make[field]?.() ?? (OPTIONS[field] ? select(OPTIONS[field].slice(name === "margin_mode" ? 1 : 0)) : plain());
    inputs[field].name = field;
  }
  if (name === "transfer") inputs.amount.placeholder = "0";

  /** What depends on the account: its positions, pools, symbols. */
  const refill = () => {
    const key = inputs.account.value;
    const mine = pool && key === `${pool.venue}/${pool.account}` ? pool.pool : "";
    if (inputs.held) inputs.held.replaceChildren(...positions(key).map((each) => el("option", { value: each.value, text: each.text, selected: each.pool === mine })));
    if (inputs.pool) inputs.pool.replaceChildren(...pools(key, name === "collateral" && mine.startsWith("isolated") ? mine : ""));
    if (inputs.to_pool) inputs.to_pool.replaceChildren(...pools(inputs.to.value));
    offer.replaceChildren(...[...new Set(positions(key).map((each) => each.value.split("|")[0]))].map((value) => el("option", { value })));
    if (inputs.symbol && !inputs.symbol.value) inputs.symbol.value = offer.firstChild?.value ?? "";
  };
  inputs.account.addEventListener("change", () => {
    if (inputs.symbol) inputs.symbol.value = "";
    refill();
  });
  inputs.to?.addEventListener("change", refill);
  refill();

  const label = (field) => el("label", { text: LABELS[field] }, inputs[field]);
  const often = fields.filter((field) => !OPTIONAL.includes(field) || name === "leverage" || name === "margin_mode" || name === "transfer");
  const seldom = fields.filter((field) => !often.includes(field));
  const element = el("fieldset", { class: "edit", data: { do: name } }, el("legend", { text: title }), offer,
    el("div", { class: "fields" }, often.map(label)),
    seldom.length > 0 && el("details", {}, el("summary", { text: "More" }), el("div", { class: "fields" }, seldom.map(label))),
    el("button", { type: "button", class: "link remove", text: "Remove", "aria-label": `Remove: ${title}`, on: { click: remove } }));
  return { element, read: (wrong) => read(name, title, inputs, wrong) };
}

function read(name, title, inputs, wrong) {
  const main = { trade: "quantity", close: "fraction", collateral: "amount", transfer: "amount", leverage: "leverage", margin_mode: "margin_mode" }[name];
  if (inputs[main].value.trim() === "") return null;
  const edit = { do: name };
  for (const [field, input] of Object.entries(inputs)) {
    const text = input.value.trim();
    if (text === "") continue;
    if (field === "account") [edit.venue, edit.account] = split(text);
    else if (field === "to") [edit.to_venue, edit.to_account] = split(text);
    else if (field === "held") [edit.symbol, edit.side] = text.split("|");
    else if (!NUMBERS.includes(field)) edit[field] = text;
    else {
      const value = Number(text.replace("−", "-").replace("%", "").replaceAll(",", ""));
      if (Number.isFinite(value)) edit[field] = field === "fraction" ? value / 100 : value;
      else wrong.push(`${title}: ${LABELS[field]}: «${text}» is no number`);
    }
  }
  if ("held" in inputs && edit.symbol === undefined) wrong.push(`${title}: this account holds no position`);
  return edit;
}

/** An account's key has its venue before the first slash. */
function split(key) {
  const place = key.indexOf("/");
  return [key.slice(0, place), key.slice(place + 1)];
}
