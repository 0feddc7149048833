// Draw dashboards: node draw.mjs --prometheus URL --dashboards DIR --out DIR [--from S --to S] [--theme light]
//   [--chromium PATH] [--set name=value …] [--only overview,…]
// Writes NAME-THEME.png of each, and NAME-THEME.json: what stands in every panel, how many series it has, what failed.
import { createServer } from 'node:http';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values: given } = parseArgs({
  options: {
    prometheus: { type: 'string' },
    dashboards: { type: 'string' },
    out: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    theme: { type: 'string', default: 'dark' },
    width: { type: 'string', default: '1600' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    set: { type: 'string', multiple: true, default: [] },
    only: { type: 'string', default: '' },
  },
});
const dist = fileURLToPath(new URL('./dist', import.meta.url));
const kinds = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };
const flags =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking ' +
  '--disable-component-update --disable-sync';

async function answer(request, response) {
  const url = new URL(request.url, 'http://127.0.0.1');
  if (url.pathname.startsWith('/prometheus/')) {
    const there = await fetch(given.prometheus + url.pathname.slice('/prometheus'.length) + url.search);
    response.writeHead(there.status, { 'content-type': 'application/json' });
    response.end(await there.text());
    return;
  }
  const path = normalize(decodeURIComponent(url.pathname));
  const file = path.startsWith('/dashboards/')
    ? join(given.dashboards, basename(path))
    : join(dist, path === '/' ? 'index.html' : path);
  try {
    const body = await readFile(file);
    response.writeHead(200, { 'content-type': kinds[extname(file)] ?? 'application/octet-stream' });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(502).end(String(error)));
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const browser = await chromium.launch({ executablePath: given.chromium, args: flags.split(' ') });
await mkdir(given.out, { recursive: true });
const now = Date.now() / 1000;
const range = { from: given.from ?? String(now - 900), to: given.to ?? String(now) };
const all = (await readdir(given.dashboards)).filter((name) => name.endsWith('.json')).map((name) => basename(name, '.json'));
for (const name of all.filter((each) => !given.only || given.only.split(',').includes(each))) {
  const page = await browser.newPage({ viewport: { width: Number(given.width), height: 1000 } });
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  const parameters = new URLSearchParams({ board: name, theme: given.theme, ...range });
  given.set.forEach((each) => parameters.append('set', each));
  await page.goto(`http://127.0.0.1:${server.address().port}/?${parameters}`);
  await page.waitForSelector('[data-drawn="true"]', { timeout: 60000 });
  await page.waitForTimeout(600); // the plots draw a frame after they are laid out
  const height = await page.evaluate(() => document.getElementById('board').offsetHeight);
  await page.setViewportSize({ width: Number(given.width), height: Math.ceil(height) });
  await page.waitForTimeout(400);
  const panels = await page.$$eval('[data-panel]', (found) =>
    found.map((each) => ({
      title: each.dataset.panel,
      type: each.dataset.type,
      series: Number(each.dataset.series),
      points: Number(each.dataset.points),
      failure: each.dataset.failure,
      text: each.innerText,
    }))
  );
  await page.screenshot({ path: join(given.out, `${name}-${given.theme}.png`), fullPage: true });
  await writeFile(join(given.out, `${name}-${given.theme}.json`), JSON.stringify({ panels, complaints }, null, 1));
  await page.close();
}
await browser.close();
server.close();
