// Pages when things are missing or broken. Answers are replaced in the browser,
// so these hold for any server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { found, ordinary, rows, start } from './harness.mjs';

const target = await start();
const json = (route, body, status = 200) => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
const answer = (traces, rest) => ({ traces, more: false, total: { traces: traces.length, relation: 'exact' }, stats: { scannedSpans: 0, readTraces: 0, readSpans: 0 }, ...rest });
const SEARCH = '**/heddle/v1/traces?*';

test('an empty store explains how to send the first span', async () => {
  const page = await target.page();
  await page.route(SEARCH, (route) => json(route, answer([])));
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
  await page.route(SEARCH, (route) => (refuse ? json(route, { error: { code: 'bad_request', message: 'limit: at most 1000' } }, 400) : route.continue()));
  await page.goto(await target.searchUrl());
  const alert = page.getByRole('alert');
  await alert.getByText('limit: at most 1000').waitFor();
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

test('an answer that was cut short says so, and that its totals are bounds', async () => {
  const page = await target.page();
  const [trace] = await target.traces();
  const partial = 'the query ran out of time after 5,000,000 spans';
  await page.route(SEARCH, (route) => json(route, answer([{ ...trace, rootMissing: true }], { total: { traces: 1, relation: 'atLeast' }, partial })));
  await page.route('**/heddle/v1/overview?*', async (route) => {
    const response = await route.fetch();
    await json(route, { ...(await response.json()), partial });
  });
  await page.goto(await target.searchUrl());
  await page.getByRole('heading', { name: '1 of at least 1 trace' }).waitFor();
  await page.getByText(/^At least [\d,]+ spans?$/).waitFor();
  await page.getByText(`Not all was read: ${partial}`).first().waitFor();
  await page.getByText('root not stored').waitFor();
});

test('a page that fails leaves those before it, and can be tried again', async () => {
  const page = await target.page();
  let refuse = true;
  await page.route(SEARCH, (route) => (refuse && route.request().url().includes('after=') ? json(route, { error: { code: 'bad_request', message: 'no second page' } }, 400) : route.continue()));
  await page.goto(await target.searchUrl({ limit: 5 }));
  await page.getByRole('alert').getByText('no second page').waitFor();
  assert.equal(await found(page).count(), 5);
  refuse = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await found(page).nth(6).waitFor();
});

test('an overview that fails leaves the list usable', async () => {
  const page = await target.page();
  await page.route('**/heddle/v1/overview?*', (route) => json(route, { error: { code: 'too_large', message: 'ask for a shorter window' } }, 422));
  await page.goto(await target.searchUrl());
  await page.getByRole('alert').getByText('ask for a shorter window').waitFor();
  await found(page).first().waitFor();
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
