// What only generated data is sure to have: huge traces, skew, conflicts, and
// another base path. Skipped against a real process.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTrace, rows, start, until } from './harness.mjs';

const skip = process.env.HEDDLE_URL ? 'runs on generated data only' : false;
const target = skip ? null : await start();
const named = (name) => target.fixture.store.traces.find((trace) => trace.name === name).traceId;

for (const [name, spans] of [['10k', 10_000], ['100k', 100_000]]) {
  test(`a trace of ${name} spans opens with few rows in the document`, { skip }, async () => {
    const page = await target.page();
    await openTrace(page, target, named(name));
    assert.equal(Number(await page.getByRole('treegrid').getAttribute('aria-rowcount')), spans);
    assert.ok((await rows(page).count()) < 100);
    await rows(page).first().focus();
    await page.keyboard.press('End');
    await until(page, (n) => document.activeElement?.getAttribute('aria-rowindex') === String(n), spans);
    assert.ok((await rows(page).count()) < 100);
    await page.keyboard.press('[');
    await until(page, (n) => Number(document.querySelector('[role=treegrid]').getAttribute('aria-rowcount')) < n, spans / 2);
    assert.deepEqual(page.failures, []);
  });
}

test('clocks are corrected until the reader asks for recorded times', { skip }, async () => {
  const page = await target.page({ viewport: { width: 1440, height: 2400 } });
  await openTrace(page, target, named('skew'));
  const names = () => rows(page).evaluateAll((nodes) => nodes.map((n) => n.getAttribute('aria-label')).join('\n'));
  const corrected = await names();
  await page.getByLabel('Correct clocks').uncheck();
  await page.waitForURL(/skew=off/);
  const recorded = await names();
  assert.notEqual(recorded, corrected);
  await page.reload();
  await rows(page).first().waitFor();
  assert.equal(await page.getByLabel('Correct clocks').isChecked(), false);
  await page.getByLabel('Correct clocks').check();
  assert.equal(await names(), corrected);
});

test('two spans of one id are two addresses with their own details', { skip }, async () => {
  const page = await target.page({ viewport: { width: 1440, height: 1600 } });
  await openTrace(page, target, named('conflicts'));
  const twins = rows(page).filter({ hasText: 'conflict' });
  await twins.nth(0).click();
  await page.waitForURL(/span=[0-9a-f]{16}$/);
  await twins.nth(1).click();
  await page.waitForURL(/span=[0-9a-f]{16}~2$/);
  const operation = (await twins.nth(1).getAttribute('aria-label')).split(', ')[1];
  await page.getByRole('complementary').getByRole('heading', { level: 2, name: operation }).waitFor();
});

test('a trace without its root says so', { skip }, async () => {
  const page = await target.page();
  await openTrace(page, target, named('rootMissing'));
  const header = await page.locator('main header').first().textContent();
  assert.match(header, /Rootnot stored/);
  assert.match(header, /a span nobody sent/);
});

test('a link of a span leads to the span it names', { skip }, async () => {
  const page = await target.page();
  await openTrace(page, target, named('10k'));
  const { traces } = target.fixture.store;
  const trace = traces.find((t) => t.name === '10k');
  const row = trace.columns.flags.findIndex((flags) => flags & 64);
  const id = trace.columns.id.getBigUint64(row * 8).toString(16).padStart(16, '0');
  await page.goto(target.traceUrl(trace.traceId, `?span=${id}`));
  await page.getByRole('complementary').getByRole('link', { name: new RegExp(trace.linksTo.traceId) }).click();
  await page.waitForURL(new RegExp(`/traces/${trace.linksTo.traceId}\\?span=`));
  await page.getByRole('complementary').waitFor();
});

test('everything works below another base path', { skip }, async () => {
  const mesh = await start({ base: '/mesh/ui/' });
  const page = await mesh.page();
  await page.goto(mesh.url);
  await page.waitForURL(/\/mesh\/ui\/traces$/);
  const link = page.getByRole('list', { name: 'Traces', exact: true }).getByRole('link').first();
  await link.click();
  await rows(page).first().waitFor();
  assert.match(page.url(), /\/mesh\/ui\/traces\/[0-9a-f]{32}/);
  await page.reload();
  await rows(page).first().click();
  await page.getByRole('heading', { name: /^Resource/ }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  assert.deepEqual(page.failures, []);
});
