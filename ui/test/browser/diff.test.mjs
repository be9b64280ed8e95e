// Two traces compared. What is right is asked of the server, so this holds for any.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { found, ordinary, rows, start, until } from './harness.mjs';

const target = await start();
const [a, b] = (await target.traces()).filter(ordinary);
const json = (route, body, status = 200) => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
const diffUrl = (params) => new URL(`traces/diff?${new URLSearchParams(params)}`, target.url).toString();
const grid = (page) => page.getByRole('treegrid');
const DIFF = '**/heddle/v1/diff?*';

async function compared(params = { a: a.traceId, b: b.traceId }, viewport = { width: 1440, height: 900 }) {
  const page = await target.page({ viewport });
  await page.goto(diffUrl(params));
  await rows(page).nth(1).waitFor();
  return page;
}

const focusedRow = (page) => page.evaluate(() => Number(document.activeElement?.getAttribute('data-row') ?? -1));

test('two picked traces are compared, path by path', async () => {
  const page = await target.page();
  await page.goto(await target.searchUrl());
  for (const i of [0, 1]) await found(page).getByRole('checkbox').nth(i).check();
  await page.getByRole('link', { name: 'Compare the two' }).click();
  await page.waitForURL(/\/traces\/diff\?a=[0-9a-f]{32}&b=[0-9a-f]{32}$/);
  await page.getByRole('heading', { name: 'Two traces compared' }).waitFor();
  await rows(page).nth(1).waitFor();
  assert.deepEqual(page.failures, []);
});

test('the header says what both are, and the rows what the server found', async () => {
  const answer = await target.get(`heddle/v1/diff?a=${a.traceId}&b=${b.traceId}`);
  const page = await compared(undefined, { width: 1440, height: 200 + 28 * (answer.nodes.length + 12) });
  for (const [letter, trace] of [['A', a], ['B', b]]) {
    const side = page.getByRole('region', { name: `Trace ${letter}` });
    await side.getByRole('link', { name: `${trace.rootService} ${trace.rootName}` }).waitFor();
    assert.match(await side.textContent(), new RegExp(`Spans${trace.spans}\\D.*Errors${trace.errors}\\D`));
  }
  assert.equal(await grid(page).getAttribute('aria-rowcount'), String(answer.nodes.length + 1));
  const words = { same: /Same|Other counts/, added: /Only in B/, removed: /Only in A/, slower: /Slower/, faster: /Faster/ };
  const shown = await rows(page).evaluateAll((nodes) => nodes.slice(1).map((node) => node.textContent));
  assert.equal(shown.length, answer.nodes.length);
  for (const [change, word] of Object.entries(words)) {
    assert.equal(shown.filter((text) => word.test(text)).length, answer.nodes.filter((node) => node.change === change).length, change);
  }
  const onlyInB = answer.nodes.filter((node) => node.change === 'added').length;
  const said = await page.getByRole('status').filter({ hasText: 'paths' }).textContent();
  assert.match(said, /^(B took .* than A|Both took )/);
  if (onlyInB > 0) assert.ok(said.includes(` ${onlyInB} only in B (`), said);
  assert.deepEqual(page.failures, []);
});

test('what does not differ can be left out, and the address says so', async () => {
  const node = (name, parent, change, sides) => ({ parent, service: 'shop', name, change, timePerTraceANs: sides.a ? 20e6 : 0, timePerTraceBNs: sides.b ? 30e6 : 0, ...sides });
  const one = { traces: 1, spans: 1, errors: 0 };
  const both = { a: one, b: one };
  const nodes = [node('root', -1, 'slower', both), node('calm', 0, 'same', both), node('calmer', 1, 'same', both), node('gone', 0, 'removed', { a: one }), node('counted', 0, 'same', { a: one, b: { ...one, spans: 4, errors: 2 } }), node('new', 1, 'added', { b: one })];
  const side = { traces: 1, spans: 5, foldedSpans: 0 };
  const page = await target.page();
  await page.route(DIFF, (route) => json(route, { a: { ...side, foldedSpans: 7 }, b: side, nodes, partial: 'one store did not answer' }));
  await page.goto(diffUrl({ a: a.traceId, b: b.traceId }));
  await rows(page).nth(6).waitFor();
  const names = async () => (await rows(page).getByRole('rowheader').allTextContents()).map((text) => text.replace(/^.*shop/, ''));
  assert.deepEqual(await names(), ['root', 'calm', 'calmer', 'new', 'gone', 'counted']);
  assert.match(await rows(page).filter({ hasText: 'counted' }).textContent(), /4.*2 failed.*Other counts/);
  assert.match(await rows(page).filter({ hasText: 'root' }).textContent(), /20\.0 ms30\.0 ms\+10\.0 ms\+50\.0 % ?Slower/);
  assert.match(await rows(page).filter({ hasText: 'gone' }).textContent(), /1–20\.0 ms–−20\.0 ms ?Only in A/);
  await page.getByText('4 of 6 paths differ: 1 only in A (1 span), 1 only in B (1 span), 1 slower in B, 1 with other counts of spans or errors.').waitFor();
  await page.getByText('7 spans of A are not compared').waitFor();
  await page.getByText('Not all was read: one store did not answer').waitFor();

  await page.getByRole('button', { name: 'Only what differs' }).click();
  await page.waitForURL(/only=differences/);
  await until(page, () => document.querySelectorAll('[role=treegrid] [role=row]').length === 6);
  assert.deepEqual(await names(), ['root', 'calm', 'new', 'gone', 'counted'], 'calm says where what is new is');
  await page.reload();
  await rows(page).nth(5).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Only what differs' }).getAttribute('aria-pressed'), 'true');
});

test('keys walk the tree and go from difference to difference', async () => {
  const page = await compared();
  await page.keyboard.press('j');
  assert.equal(await focusedRow(page), 1);
  await page.keyboard.press('k');
  assert.equal(await focusedRow(page), 0);
  await page.keyboard.press('n');
  const verdict = await page.evaluate(() => document.activeElement?.getAttribute('data-verdict'));
  assert.ok(verdict && verdict !== 'same', String(verdict));
  await page.keyboard.press('Home');
  const count = () => grid(page).getAttribute('aria-rowcount').then(Number);
  const all = await count();
  await page.keyboard.press('ArrowLeft');
  await until(page, (n) => Number(document.querySelector('[role=treegrid]').getAttribute('aria-rowcount')) < n, all);
  await page.keyboard.press(']');
  await until(page, (n) => Number(document.querySelector('[role=treegrid]').getAttribute('aria-rowcount')) === n, all);
  await page.keyboard.press('End');
  await until(page, (n) => document.activeElement?.getAttribute('aria-rowindex') === String(n), all);
  assert.equal(await page.locator('[role="treegrid"] [role="row"][tabindex="0"]').count(), 1);
});

test('A and B swap, and each leads to its trace', async () => {
  const page = await compared({ a: a.traceId, b: b.traceId, only: 'differences' });
  await page.getByRole('link', { name: 'Swap A and B' }).click();
  await page.waitForURL(diffUrl({ a: b.traceId, b: a.traceId, only: 'differences' }));
  await page.getByRole('region', { name: 'Trace A' }).getByText(b.traceId).waitFor();
  await page.getByRole('region', { name: 'Trace A' }).getByRole('link').click();
  await page.waitForURL(target.traceUrl(b.traceId));
});

test('ids are pasted where one is missing', async () => {
  const page = await target.page();
  await page.goto(diffUrl({ a: a.traceId, b: 'not-an-id' }));
  await page.getByRole('heading', { name: 'Compare two traces' }).waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Trace A' }).inputValue(), a.traceId);
  await page.getByRole('textbox', { name: 'Trace B' }).fill('xyz');
  await page.getByRole('textbox', { name: 'Trace B' }).press('Enter');
  await page.getByRole('alert').getByText('A trace id is 1 to 32 hex digits.').waitFor();
  await page.getByRole('textbox', { name: 'Trace B' }).fill(a.traceId);
  await page.getByRole('textbox', { name: 'Trace B' }).press('Enter');
  await page.getByRole('alert').getByText('That is the same trace as A.').waitFor();
  await page.getByRole('textbox', { name: 'Trace B' }).fill(` ${b.traceId.toUpperCase()} `);
  await page.getByRole('textbox', { name: 'Trace B' }).press('Enter');
  await page.waitForURL(diffUrl({ a: a.traceId, b: b.traceId }));
  await rows(page).nth(1).waitFor();
});

test('the same trace twice is said so without asking', async () => {
  const page = await target.page();
  await page.route(DIFF, (route) => assert.fail(route.request().url()));
  await page.goto(diffUrl({ a: a.traceId, b: a.traceId }));
  await page.getByRole('heading', { name: 'That is the same trace twice' }).waitFor();
});

test('a trace that is not stored is named, and another can be chosen', async () => {
  const page = await target.page();
  const unknown = '0000000000000000fffffffffffffffe';
  await page.goto(diffUrl({ a: unknown, b: b.traceId }));
  await page.getByRole('alert').getByRole('heading', { name: 'The traces could not be compared' }).waitFor();
  await page.getByRole('alert').getByText(unknown).waitFor();
  await page.getByRole('region', { name: 'Trace A' }).getByText(/stored/).waitFor();
  await page.getByRole('region', { name: 'Trace B' }).getByText('Duration').waitFor();
  await page.getByRole('textbox', { name: 'Trace A' }).fill(a.traceId);
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await rows(page).nth(1).waitFor();
});

test('two traces without spans, and an answer that fails for now', async () => {
  const page = await target.page();
  const side = { traces: 1, spans: 0, foldedSpans: 0 };
  let refuse = true;
  await page.route(DIFF, (route) => (refuse ? json(route, { error: { code: 'too_large', message: 'too much at once' } }, 422) : json(route, { a: side, b: side, nodes: [] })));
  await page.goto(diffUrl({ a: a.traceId, b: b.traceId }));
  await page.getByRole('alert').getByText('too much at once').waitFor();
  refuse = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Neither trace has a span' }).waitFor();
});
