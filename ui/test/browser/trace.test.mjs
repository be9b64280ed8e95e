import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lacks, openTrace, ordinary, rows, start, until } from './harness.mjs';

const target = await start();
const panel = (page) => page.getByRole('complementary', { name: 'Span details' });
const rowCount = (page) => page.getByRole('treegrid').getAttribute('aria-rowcount').then(Number);

async function withTrace(t, fits, run) {
  const trace = await target.trace((candidate) => ordinary(candidate) && fits(candidate));
  if (!trace) return lacks(t, 'no stored trace fits');
  const page = await target.page();
  await openTrace(page, target, trace.traceId);
  await run(page, trace);
  assert.deepEqual(page.failures, []);
}
const any = () => true;

test('the header tells what the trace is', (t) =>
  withTrace(t, any, async (page, trace) => {
    const header = await page.locator('main header').first().textContent();
    assert.ok(header.includes(trace.rootService) && header.includes(trace.rootName) && header.includes(trace.traceId), header);
    assert.equal(await rowCount(page), trace.spans);
    const href = await page.getByRole('link', { name: 'Jaeger JSON', exact: true }).getAttribute('href');
    assert.ok(href.endsWith(`/api/traces/${trace.traceId}`), href);
  }));

test('collapsing hides the subtree, expanding brings it back', (t) =>
  withTrace(t, any, async (page, trace) => {
    const first = rows(page).first();
    assert.equal(await first.getAttribute('aria-expanded'), 'true');
    await first.getByRole('button', { name: 'Collapse' }).click();
    assert.equal(await first.getAttribute('aria-expanded'), 'false');
    assert.ok((await rowCount(page)) < trace.spans);
    await first.getByRole('button', { name: /^Expand/ }).click();
    assert.equal(await rowCount(page), trace.spans);
    await page.getByRole('button', { name: 'Collapse all' }).click();
    assert.ok((await rowCount(page)) <= trace.spans);
    await page.getByRole('button', { name: 'Expand all' }).click();
    assert.equal(await rowCount(page), trace.spans);
  }));

test('a click opens the details and puts the span in the URL', (t) =>
  withTrace(t, any, async (page) => {
    await rows(page).nth(1).click();
    await panel(page).getByRole('heading', { name: /^Resource/ }).waitFor();
    const span = new URL(page.url()).searchParams.get('span');
    assert.match(span, /^[0-9a-f]{16}/);
    await page.reload();
    await panel(page).getByText(span.slice(0, 16), { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Close the details' }).click();
    await page.waitForURL((url) => !url.searchParams.has('span'));
    assert.equal(await panel(page).count(), 0);
  }));

test('attributes can be filtered', (t) =>
  withTrace(t, any, async (page) => {
    await rows(page).first().click();
    const values = panel(page).locator('tbody tr');
    await values.first().waitFor();
    const all = await values.count();
    await panel(page).getByLabel('Filter attributes').fill('service.name');
    await until(page, (n) => document.querySelectorAll('aside tbody tr').length < n, all);
  }));

test('the parent of a span is one click away', (t) =>
  withTrace(t, any, async (page) => {
    await rows(page).nth(1).click();
    const before = page.url();
    await panel(page).locator('dl button').click();
    await page.waitForURL((url) => url.toString() !== before);
    assert.equal(await rows(page).first().getAttribute('aria-selected'), 'true');
  }));

test('find counts, marks and walks through the matches', (t) =>
  withTrace(t, any, async (page, trace) => {
    const name = trace.services[0].name;
    await page.getByLabel('Find in the trace').fill(name);
    await page.getByText(/\d+ (match|matches|of \d+)/).waitFor();
    await page.getByLabel('Find in the trace').press('Enter');
    await panel(page).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('q'), name);
    await page.getByLabel('Find in the trace').fill('certainly not in here');
    await page.getByText('no match').waitFor();
  }));

test('dragging over the overview zooms, and Fit undoes it', (t) =>
  withTrace(t, any, async (page) => {
    const overview = page.getByRole('img', { name: /^Overview of/ });
    const box = await overview.boundingBox();
    await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL((url) => url.searchParams.has('from') && url.searchParams.has('to'));
    await page.reload();
    await rows(page).first().waitFor();
    await page.getByRole('button', { name: 'Fit' }).click();
    await page.waitForURL((url) => !url.searchParams.has('from'));
  }));

test('Ctrl and the wheel over the bars zoom, a plain wheel scrolls', (t) =>
  withTrace(t, any, async (page) => {
    const box = await rows(page).first().boundingBox();
    await page.mouse.move(box.x + box.width * 0.7, box.y + 60);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -300);
    await page.keyboard.up('Control');
    await page.waitForURL(/from=\d+/);
    const zoomed = page.url();
    await page.mouse.wheel(0, 100);
    await page.waitForTimeout(400);
    assert.equal(page.url(), zoomed);
  }));

test('a service of the legend stands out', (t) =>
  withTrace(t, any, async (page, trace) => {
    const { name } = trace.services[1];
    const button = page.getByRole('list', { name: 'Services' }).getByRole('button', { name: new RegExp(`^${name.replace(/[^\w]/g, '\\$&')}\\s*\\d`) });
    await button.click();
    assert.equal(await button.getAttribute('aria-pressed'), 'true');
    await page.waitForURL((url) => url.searchParams.get('service') === name);
  }));

test('the table sorts by any column and opens spans', (t) =>
  withTrace(t, any, async (page) => {
    await page.getByRole('button', { name: 'Table', exact: true }).click();
    const header = page.getByRole('columnheader', { name: 'Duration' });
    await header.getByRole('button').click();
    await page.waitForURL(/order=-duration/);
    assert.equal(await header.getAttribute('aria-sort'), 'descending');
    await header.getByRole('button').click();
    await page.waitForURL(/order=duration/);
    await page.getByRole('table').getByRole('row').nth(1).getByRole('button').click();
    await panel(page).waitFor();
  }));

test('the statistics add up to the trace', (t) =>
  withTrace(t, any, async (page, trace) => {
    await page.getByRole('button', { name: 'Statistics' }).click();
    const spans = page.locator('table tbody tr td:nth-child(2)');
    await spans.first().waitFor();
    const sum = (texts) => texts.reduce((n, text) => n + Number(text.replaceAll(',', '')), 0);
    assert.equal(sum(await spans.allTextContents()), trace.spans);
    await page.getByRole('button', { name: 'By operation' }).click();
    await page.waitForURL(/by=operation/);
    assert.equal(sum(await spans.allTextContents()), trace.spans);
  }));

test('a deep link restores what was seen', async (t) => {
  const trace = await target.trace(ordinary);
  if (!trace) return lacks(t, 'no ordinary trace is stored');
  const page = await target.page();
  const name = trace.services[0].name;
  await openTrace(page, target, trace.traceId, `?q=${encodeURIComponent(name)}&service=${encodeURIComponent(name)}&from=0&to=${Math.max(20, Math.round(trace.durationNs / 2))}`);
  assert.equal(await page.getByLabel('Find in the trace').inputValue(), name);
  assert.ok(await page.getByRole('button', { name: 'Fit' }).isEnabled());
  assert.equal(await page.locator('[aria-pressed="true"]', { hasText: name }).count(), 1);
});

test('errors and orphans are words on the rows, not colours only', async (t) => {
  const trace = await target.trace((candidate) => candidate.errors > 0 && candidate.spans < 60);
  if (!trace) return lacks(t, 'no small trace with errors is stored');
  const page = await target.page({ viewport: { width: 1440, height: 2200 } });
  await openTrace(page, target, trace.traceId);
  assert.equal(await rows(page).getByText('error', { exact: true }).count(), trace.errors);
  assert.equal(await rows(page).getByText('orphan', { exact: true }).count(), trace.orphans);
});
