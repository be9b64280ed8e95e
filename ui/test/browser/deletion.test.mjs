// Deleting a trace. It takes data away, so it runs on the fixture or with
// answers replaced in the browser, never against a process.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTrace, ordinary, start } from './harness.mjs';

const target = await start({ base: '/mesh/' });
const json = (route, body, status = 200) => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
const dialog = (page) => page.getByRole('dialog');
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);

async function ask(page) {
  const trace = await target.trace(ordinary);
  await openTrace(page, target, trace.traceId);
  await page.getByRole('button', { name: 'Delete this trace…' }).click();
  await dialog(page).waitFor();
  return trace;
}

test('a trace is deleted after a reason was given, and the list tells how far it is', async () => {
  const page = await target.page();
  const trace = await ask(page);
  await dialog(page).getByText(trace.traceId).waitFor();
  await page.keyboard.press('Enter'); // the reason has the focus, and is empty
  await dialog(page).getByRole('alert').getByText('Say why').waitFor();
  await page.keyboard.type('ticket 12');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'The trace is deleted' }).waitFor();
  const said = await dialog(page).getByRole('status').textContent();
  assert.match(said, /gone from disk by \d{4}-\d\d-\d\d \d\d:\d\d.* at the latest, in \d+ (h|d)/);
  assert.equal(await focused(page), 'Back to the traces');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/traces$/);
  assert.equal((await target.traces()).some(({ traceId }) => traceId === trace.traceId), false);

  await page.getByRole('navigation').getByRole('link', { name: 'Deletions' }).click();
  const row = page.getByRole('row', { name: new RegExp(trace.traceId) });
  await row.getByText('pending').waitFor();
  assert.match(await row.textContent(), /ticket 12.*by \d{4}-/);
  await row.getByText('done').waitFor(); // it is asked again by itself
  assert.ok((await row.textContent()).includes(String(trace.spans)));
  await page.getByRole('row', { name: /span attribute user\.id = 4711/ }).getByText('1,204').waitFor();
  await page.getByRole('row', { name: /laptop of/ }).getByText('overdue').waitFor();
  assert.deepEqual(page.failures, []);
});

test('nothing is deleted when one thinks better of it', async () => {
  const page = await target.page();
  const trace = await ask(page);
  await page.keyboard.type('j'); // no shortcut of the page acts
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  assert.equal(await focused(page), 'Delete this trace…');
  await page.getByRole('button', { name: 'Delete this trace…' }).click();
  await dialog(page).getByRole('button', { name: 'Cancel' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  assert.ok((await target.traces()).some(({ traceId }) => traceId === trace.traceId));
});

test('a refusal shows the words of the server, and can be tried again', async () => {
  const page = await target.page();
  let refuse = true;
  const busy = { error: { code: 'overloaded', message: 'the archive store did not take the deletion. Order it again, which is harmless' } };
  await page.route(/\/heddle\/v1\/traces\/[0-9a-f]+\?/, (route) => (refuse ? json(route, busy, 503) : route.continue()));
  await ask(page);
  await page.keyboard.type('again');
  await page.keyboard.press('Enter');
  await dialog(page).getByRole('alert').getByText('Order it again').waitFor();
  refuse = false;
  await dialog(page).getByRole('button', { name: 'Delete the trace' }).click();
  await page.getByRole('dialog', { name: 'The trace is deleted' }).waitFor();
  await dialog(page).getByRole('link', { name: 'Deletions' }).click();
  await page.waitForURL(/\/deletions$/);
  await page.getByRole('table', { name: 'Deletions' }).waitFor();
});

test('a store that deletes nothing says so before one asks', async () => {
  const page = await target.page();
  await page.route('**/heddle/v1/status', (route) => json(route, { version: 'x', deletes: false, spans: 1, bytes: 0, evictedSpans: 0 }));
  await page.route('**/heddle/v1/deletions', (route) => json(route, { error: { code: 'unsupported', message: 'keep the records on disk' } }, 501));
  await ask(page);
  await dialog(page).getByRole('heading', { name: 'This heddle deletes nothing on demand' }).waitFor();
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  assert.equal(await page.getByRole('link', { name: 'Deletions' }).count(), 0);
  await page.goto(new URL('deletions', target.url).toString());
  await page.getByText('keep the records on disk').waitFor();
});

test('an empty list says that nothing was deleted', async () => {
  const page = await target.page();
  await page.route('**/heddle/v1/deletions', (route) => json(route, { deletions: [] }));
  await page.goto(new URL('deletions', target.url).toString());
  await page.getByRole('heading', { name: 'Nothing was deleted on demand' }).waitFor();
});
