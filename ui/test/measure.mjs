// Prints how long a trace takes from the navigation until its rows are drawn and
// the page answers input. Figures of this machine, not assertions. Without
// arguments it measures generated traces, with addresses of trace pages those.
import { chromium } from 'playwright-core';
import { startFixture } from './fixture-server.mjs';

const RUNS = 5;
const addresses = process.argv.slice(2);
const fixture = addresses.length > 0 ? null : await startFixture();
const pages = fixture
  ? ['10k', '100k'].map((name) => [name, `${fixture.url}traces/${fixture.store.traces.find((trace) => trace.name === name).traceId}`])
  : addresses.map((address) => [address, address]);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

// Runs in the page: resolves with ms since navigation once rows are there, the
// minimap was answered for, and a keypress has been handled and painted.
const interactive = () =>
  new Promise((resolve) => {
    const paint = (then) => requestAnimationFrame(() => setTimeout(then, 0));
    const check = () => {
      const row = document.querySelector('[role=treegrid] [role=row]');
      if (!row) return paint(check);
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }));
      const moved = () => (document.querySelector('[role=row][tabindex="0"]')?.getAttribute('aria-rowindex') === '2' ? resolve(performance.now()) : paint(moved));
      paint(moved);
    };
    check();
  });

// Runs in the page: p95 of the time between frames while zooming with the wheel.
const zoomFrames = () =>
  new Promise((resolve) => {
    const body = document.querySelector('[role=treegrid]');
    const box = body.getBoundingClientRect();
    const gaps = [];
    let last = performance.now();
    const frame = () => {
      const now = performance.now();
      gaps.push(now - last);
      last = now;
      if (gaps.length > 90) return resolve(gaps.slice(1).sort((a, b) => a - b)[Math.floor(gaps.length * 0.95) - 1]);
      const deltaY = gaps.length % 60 < 30 ? -20 : 20;
      body.dispatchEvent(new WheelEvent('wheel', { deltaY, ctrlKey: true, clientX: box.right - 300, clientY: 400, bubbles: true, cancelable: true }));
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });

for (const [name, address] of pages) {
  const times = [];
  let zoom = 0;
  for (let run = 0; run < RUNS; run++) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(address, { waitUntil: 'commit' });
    times.push(await page.evaluate(interactive));
    if (run === RUNS - 1) zoom = await page.evaluate(zoomFrames);
    await page.close();
  }
  times.sort((a, b) => a - b);
  console.log(`${name}: interactive after ${times[RUNS >> 1].toFixed(0)} ms (median of ${RUNS}; worst ${times.at(-1).toFixed(0)} ms); zoom frame p95 ${zoom.toFixed(1)} ms`);
}
await browser.close();
await fixture?.close();
