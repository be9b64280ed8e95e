// Pages when things are missing or broken. Answers are replaced in the browser,
// so these hold for any server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ordinary, rows, start } from './harness.mjs';

const target = await start();
const json = (route, body, status = 200) => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
const SEARCH = '**/heddle/v1/traces?*';

test('an empty store explains how to send the first span', async () => {
  const page = await target.page();
  await page.route(SEARCH, (route) => json(route, { traces: [], more: false }));
  await page.route('**/heddle/v1/status', (route) => json(route, { version: 'x', spans: 0, bytes: 0, evictedSpans: 0 }));
  await page.goto(new URL('traces', target.url).toString());
  await page.getByRole('heading', { name: /holds no spans yet/ }).waitFor();
  const command = await page.locator('pre').textContent();
  assert.match(command, /^curl http:\/\/localhost:4318\/v1\/traces -H 'Content-Type: application\/json' -d '\{/);
  assert.match(await page.locator('main').textContent(), /heddle demo/);
});

test('a refused search shows the words of the server, and can be tried again', async () => {
  const page = await target.page();
  let refuse = true;
  await page.route(SEARCH, (route) => (refuse ? json(route, { error: { code: 'bad_request', message: 'tag: at most 20 tags' } }, 400) : route.continue()));
  await page.goto(await target.searchUrl());
  const alert = page.getByRole('alert');
  await alert.getByText('tag: at most 20 tags').waitFor();
  refuse = false;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('list', { name: 'Traces', exact: true }).waitFor();
});

test('a server that does not answer is said so', async () => {
  const page = await target.page();
  await page.route(SEARCH, (route) => route.abort());
  await page.goto(await target.searchUrl());
  await page.getByRole('alert').getByText(/did not answer/).waitFor();
});

test('a search that matches more than it shows says so, with the notes', async () => {
  const page = await target.page();
  const [trace] = await target.traces();
  await page.route(SEARCH, (route) => json(route, { traces: [{ ...trace, rootMissing: true }], more: true, notes: ['The 1 newest match is ordered.'] }));
  await page.goto(await target.searchUrl());
  await page.getByText('1 trace shown, more match').waitFor();
  await page.getByText('The 1 newest match is ordered.').waitFor();
  await page.getByText('root not stored').waitFor();
});

test('a trace that is not stored shows the words of the server', async () => {
  const page = await target.page();
  await page.goto(target.traceUrl('0000000000000000fffffffffffffffe'));
  await page.getByRole('alert').getByRole('heading', { name: 'The trace could not be opened' }).waitFor();
  assert.ok(await page.getByRole('alert').getByRole('link', { name: 'Search traces' }).isVisible());
});

test('a damaged skeleton is refused with what is wrong', async () => {
  const page = await target.page();
  await page.context().route('**/skeleton', (route) => route.fulfill({ contentType: 'application/vnd.heddle.skeleton', body: 'HSK1damaged' }));
  await page.goto(target.traceUrl('1'.repeat(32)));
  await page.getByRole('alert').getByText(/The trace skeleton is damaged/).waitFor();
});

test('an id that is none is refused without asking', async () => {
  const page = await target.page();
  await page.goto(target.traceUrl('not-an-id'));
  await page.getByRole('heading', { name: 'That is not a trace id' }).waitFor();
});

test('an address that leads nowhere says so', async () => {
  const page = await target.page();
  await page.goto(new URL('no/such/page', target.url).toString());
  await page.getByRole('heading', { name: 'There is no page at this address' }).waitFor();
});

test('details that fail leave the rows usable and can be tried again', async (t) => {
  const trace = await target.trace(ordinary);
  if (!trace) return t.skip('no ordinary trace is stored');
  const page = await target.page();
  let refuse = true;
  await page.route('**/spans?*', (route) => (refuse ? json(route, { error: { code: 'bad_request', message: 'no details today' } }, 400) : route.continue()));
  await page.goto(target.traceUrl(trace.traceId));
  await rows(page).first().click();
  await page.getByRole('alert').getByText('no details today').waitFor();
  refuse = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: /^Resource/ }).waitFor();
});
