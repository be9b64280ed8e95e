// The live tail. Against a real process, spans are sent to the OTLP receiver at
// $HEDDLE_OTLP; without one there is nothing to see, and the fixture is asked.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { start, until } from './harness.mjs';

const real = process.env.HEDDLE_URL && process.env.HEDDLE_OTLP;
const target = await start(real ? {} : { base: '/' });
const rows = (page) => page.getByRole('region', { name: 'New spans' }).locator('tbody tr');

/** Sends spans now and then, where they do not come by themselves. */
function traffic() {
  if (!real) return { service: 'cart', stop: () => {} };
  const service = `tail-test-${randomBytes(4).toString('hex')}`;
  const send = () => {
    const now = BigInt(Date.now()) * 1_000_000n;
    const spans = Array.from({ length: 5 }, (_, i) => ({ traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex'), name: 'GET /tail', kind: 2, startTimeUnixNano: String(now - 1_000_000n), endTimeUnixNano: String(now), status: { code: i === 0 ? 2 : 0 } }));
    const body = { resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] }, scopeSpans: [{ spans }] }] };
    return fetch(`${process.env.HEDDLE_OTLP}/v1/traces`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  };
  const timer = setInterval(() => void send(), 300);
  return { service, stop: () => clearInterval(timer) };
}

test('new spans that match are listed as they arrive, and one key stops them', async () => {
  const { service, stop } = traffic();
  try {
    const page = await target.page();
    const query = `{ resource.service.name = "${service}" }`;
    await page.goto(new URL(`traces?${new URLSearchParams({ q: query })}`, target.url).toString());
    await page.getByRole('button', { name: 'Find traces' }).waitFor();
    await page.keyboard.press('l');
    await page.waitForURL(/live=1/);
    await rows(page).nth(5).waitFor();
    const services = new Set(await rows(page).locator('td:nth-child(2)').allInnerTexts());
    assert.ok([...services].every((text) => text.endsWith(service)), [...services].join());
    await page.keyboard.press('p');
    await page.getByRole('heading', { name: 'Paused' }).waitFor();
    const still = await rows(page).count();
    await page.getByRole('button', { name: /^Resume, \d+ spans? waiting/ }).waitFor();
    assert.equal(await rows(page).count(), still);
    await page.keyboard.press('p');
    await until(page, (n) => document.querySelectorAll('[aria-label="New spans"] tbody tr').length > n, still);
    await rows(page).first().getByRole('link').click();
    await page.waitForURL(/traces\/[0-9a-f]{32}\?span=/);
    assert.deepEqual(page.failures, []);
  } finally {
    stop();
  }
});

test('a screen reader hears at most every two seconds how many came', async () => {
  const { stop } = traffic();
  try {
    const page = await target.page();
    await page.goto(new URL('traces?live=1', target.url).toString());
    await rows(page).first().waitFor();
    const changes = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const region = document.querySelector('[aria-label="Live tail"] [aria-live]');
          const heard = [];
          new MutationObserver(() => heard.push([performance.now(), region.textContent])).observe(region, { childList: true, characterData: true, subtree: true });
          const timer = setInterval(() => heard.length >= 2 && (clearInterval(timer), resolve(heard)), 100);
        }),
    );
    assert.match(changes[0][1], /^\d+ new spans?/);
    assert.ok(changes[1][0] - changes[0][0] > 1000, 'a second announcement came too soon');
  } finally {
    stop();
  }
});

test('what was not shown is said', { skip: Boolean(real) }, async () => {
  const page = await target.page();
  await page.goto(new URL('traces?live=1', target.url).toString());
  await page.getByText(/came too fast to be sent/).waitFor();
  await page.getByText(/made room for newer ones \(500 are kept\)/).waitFor();
  assert.ok((await rows(page).count()) <= 500);
});

test('a tail that breaks off says so and can be taken up again', async () => {
  const page = await target.page();
  let refuse = true;
  await page.route('**/heddle/v1/tail*', (route) => (refuse ? route.fulfill({ status: 503, contentType: 'application/json', body: '{"error":{"code":"overloaded","message":"there are 16 live tails, which is the limit; end another one"}}' }) : route.continue()));
  await page.goto(new URL('traces?live=1', target.url).toString());
  await page.getByRole('alert').getByText(/16 live tails/).waitFor();
  refuse = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Live', exact: true }).waitFor();
});
