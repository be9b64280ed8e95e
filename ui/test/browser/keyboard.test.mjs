import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lacks, openTrace, ordinary, rows, start } from './harness.mjs';

const target = await start();
const focusedRow = (page) => page.evaluate(() => document.activeElement?.getAttribute('aria-rowindex'));
const press = async (page, ...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};

async function traceOrSkip(t, fits = () => true) {
  const trace = await target.trace((candidate) => ordinary(candidate) && fits(candidate));
  if (!trace) lacks(t, 'no stored trace fits');
  return trace;
}

test('one row is in the tab order, and the arrows walk the tree', async (t) => {
  const trace = await traceOrSkip(t);
  if (!trace) return;
  const page = await target.page();
  await openTrace(page, target, trace.traceId);
  assert.equal(await page.locator('[role="treegrid"] [role="row"][tabindex="0"]').count(), 1);
  await rows(page).first().focus();
  await press(page, 'ArrowRight');
  assert.equal(await focusedRow(page), '2', 'Right enters an open row');
  await press(page, 'ArrowLeft', 'ArrowLeft');
  const first = rows(page).first();
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') === '1');
  await press(page, 'ArrowLeft');
  const state = await first.getAttribute('aria-expanded');
  assert.equal(state, 'false', 'Left closes an open row');
  await press(page, 'ArrowRight');
  assert.equal(await first.getAttribute('aria-expanded'), 'true', 'Right opens a closed row');
  await press(page, ']', 'End');
  await page.waitForFunction((n) => document.activeElement?.getAttribute('aria-rowindex') === String(n), trace.spans);
  await press(page, 'Home');
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') === '1');
});

test('rows say where they are and what they are', async (t) => {
  const trace = await traceOrSkip(t);
  if (!trace) return;
  const page = await target.page();
  await openTrace(page, target, trace.traceId);
  const first = rows(page).first();
  assert.match(await first.getAttribute('aria-label'), /, \S.*, \S+ ?\w+, .*starts at /);
  assert.equal(await first.getAttribute('aria-level'), '1');
  assert.equal(await rows(page).nth(1).getAttribute('aria-level'), '2');
});

test('j and k move, Enter opens, Escape closes layer by layer', async (t) => {
  const trace = await traceOrSkip(t);
  if (!trace) return;
  const page = await target.page();
  await openTrace(page, target, trace.traceId);
  await press(page, '/');
  await page.keyboard.type('zzz');
  await page.waitForURL(/q=zzz/);
  await press(page, 'Escape', 'j', 'Enter');
  await page.waitForURL(/span=/);
  await press(page, '+');
  await page.waitForURL(/from=/);
  await press(page, 'Escape');
  await page.waitForURL((url) => !url.searchParams.has('span') && url.searchParams.has('q'));
  await press(page, 'Escape');
  await page.waitForURL((url) => !url.searchParams.has('q') && url.searchParams.has('from'));
  await press(page, 'Escape');
  await page.waitForURL((url) => !url.searchParams.has('from'));
});

test('e goes to the next error', async (t) => {
  const trace = await traceOrSkip(t, (candidate) => candidate.errors > 0);
  if (!trace) return;
  const page = await target.page();
  await openTrace(page, target, trace.traceId);
  await press(page, 'e');
  await page.waitForFunction(() => / error[, ]|, error,/.test(document.activeElement?.getAttribute('aria-label') ?? ''));
});

test('brackets collapse and expand all', async (t) => {
  const trace = await traceOrSkip(t);
  if (!trace) return;
  const page = await target.page();
  await openTrace(page, target, trace.traceId);
  const count = () => page.getByRole('treegrid').getAttribute('aria-rowcount').then(Number);
  await press(page, '[');
  const collapsed = await count();
  await press(page, ']');
  assert.equal(await count(), trace.spans);
  assert.ok(collapsed <= trace.spans);
});

test('no single key acts while one types', async (t) => {
  const trace = await traceOrSkip(t);
  if (!trace) return;
  const page = await target.page();
  await openTrace(page, target, trace.traceId);
  await page.getByLabel('Find in the trace').click();
  await page.keyboard.type('je?[0+');
  assert.equal(await page.getByLabel('Find in the trace').inputValue(), 'je?[0+');
  assert.equal(await page.getByRole('dialog').count(), 0);
});

test('the question mark lists the shortcuts of the page', async () => {
  const page = await target.page();
  await page.goto(await target.searchUrl());
  await page.getByRole('button', { name: 'Find traces' }).waitFor();
  await press(page, '?');
  const dialog = page.getByRole('dialog', { name: 'Keyboard and mouse' });
  await dialog.waitFor();
  const text = await dialog.textContent();
  for (const does of ['Open the command palette', 'Go to trace search', 'Next trace']) assert.ok(text.includes(does), does);
  await press(page, 'Escape');
  await dialog.waitFor({ state: 'detached' });
});

test('the palette opens a pasted trace id', async () => {
  const [trace] = await target.traces();
  const page = await target.page();
  await page.goto(await target.searchUrl());
  await page.getByRole('button', { name: 'Find traces' }).waitFor();
  await press(page, 'Control+k');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type(trace.traceId);
  await press(page, 'Enter');
  await page.waitForURL(new RegExp(trace.traceId));
});

test('g t goes to trace search', async (t) => {
  const trace = await traceOrSkip(t);
  if (!trace) return;
  const page = await target.page();
  await openTrace(page, target, trace.traceId);
  await press(page, 'g', 't');
  await page.waitForURL(/\/traces$/);
});
