// Answers questions of test_live_page.py: reads {what, ...} as lines of JSON, writes the answers as lines.
import { createInterface } from "node:readline";

const load = (name) => import(`${process.argv[2]}/${name}.js`);

const answers = {
  async order({ pools }) {
    return (await load("danger")).byDanger(pools).map((pool) => pool.key);
  },
  async level({ pool, alerted }) {
    const { DEFAULT_LEVELS, level } = await load("danger");
    return level(pool, DEFAULT_LEVELS, alerted);
  },
  async verdict({ pools, alerted, alerts }) {
    const [{ judge }, { DEFAULT_LEVELS, byDanger }] = [await load("verdict"), await load("danger")];
    const store = {
      levels: DEFAULT_LEVELS, pools: () => byDanger(pools), alerted: (pool) => alerted[pool.key] ?? "calm", now: () => 0,
      document: () => ({ at: 0, ready: true, accounts: [], alerts }), live: () => ({ live: true, silent: 0 }),
    };
    return judge(store);
  },
  async defaults() {
    return (await load("danger")).DEFAULT_LEVELS;
  },
  async written({ calls }) {
    const format = await load("format");
    return calls.map(([name, ...values]) => format[name](...values));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  console.log(JSON.stringify(await answers[question.what](question)));
}
