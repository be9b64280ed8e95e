import assert from 'node:assert/strict';
import { test } from 'node:test';
import { start, until } from './harness.mjs';

const target = await start();
const found = (page) => page.getByRole('list', { name: 'Traces', exact: true }).getByRole('listitem');

test('the front door leads to trace search', async () => {
  const page = await target.page();
  await page.goto(target.url);
  await page.waitForURL(/\/traces$/);
  await page.getByRole('button', { name: 'Find traces' }).waitFor();
  assert.deepEqual(page.failures, []);
});

test('a search lists traces and says whether more match', async () => {
  const page = await target.page();
  await page.goto(await target.searchUrl());
  await found(page).first().waitFor();
  const said = await page.getByRole('status').first().textContent();
  assert.match(said, /traces? shown, (more match|all that match)|all that match/);
});

test('choosing a service puts it in the URL and in every result', async () => {
  const [trace] = await target.traces();
  const service = trace.services[0].name;
  const page = await target.page();
  await page.goto(await target.searchUrl());
  await page.getByRole('combobox', { name: 'Service' }).fill(service);
  await page.getByRole('combobox', { name: 'Service' }).press('Enter');
  await page.waitForURL((url) => url.searchParams.get('service') === service);
  await found(page).first().waitFor();
  const having = new Set((await target.traces({ service })).map((found) => found.traceId));
  const shown = await page.locator('[data-trace-link]').evaluateAll((links) => links.map((link) => link.href.split('/').at(-1)));
  assert.ok(shown.length > 0);
  for (const traceId of shown) assert.ok(having.has(traceId), traceId);
});

test('a typed tag becomes a chip and part of the search', async () => {
  const page = await target.page();
  await page.goto(await target.searchUrl());
  const tags = page.getByRole('combobox', { name: 'Tags' });
  await tags.fill('no.such.key=nothing at all');
  await tags.press('Enter');
  await page.getByRole('button', { name: 'Remove no.such.key=nothing at all' }).waitFor();
  await page.getByRole('button', { name: 'Find traces' }).click();
  await page.waitForURL((url) => url.searchParams.getAll('tag').join() === 'no.such.key=nothing at all');
  await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
  await page.getByRole('button', { name: 'Drop every condition' }).click();
  await found(page).first().waitFor();
});

test('a duration that is none is refused beside its field', async () => {
  const page = await target.page();
  await page.goto(await target.searchUrl());
  await page.getByLabel('Min duration').fill('fast');
  await page.getByRole('button', { name: 'Find traces' }).click();
  await page.getByText('Write a number and a unit').waitFor();
  assert.equal(await page.getByLabel('Min duration').getAttribute('aria-invalid'), 'true');
  assert.equal(new URL(page.url()).searchParams.get('min'), null);
});

test('sorting changes the URL and the order', async () => {
  const page = await target.page();
  await page.goto(await target.searchUrl());
  await found(page).first().waitFor();
  const answered = page.waitForResponse((response) => response.url().includes('sort=spans'));
  await page.getByLabel('Order', { exact: true }).selectOption('spans');
  await answered;
  await page.waitForURL(/sort=spans/);
  await until(page, () => {
    const counts = [...document.querySelectorAll('ol[aria-label="Traces"] > li')].map((li) => Number(/([\d,]+) spans?/.exec(li.textContent)[1].replaceAll(',', '')));
    return counts.every((n, i) => i === 0 || counts[i - 1] >= n);
  });
});

test('the plot has a table twin with the same traces', async () => {
  const page = await target.page();
  await page.goto(await target.searchUrl());
  await found(page).first().waitFor();
  const listed = await found(page).count();
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  const table = page.getByRole('region', { name: 'Shown traces as a table' });
  await table.waitFor();
  assert.equal(await table.locator('tbody tr').count(), listed);
});

test('a trace opens by a short id, and refuses what is none', async () => {
  const [trace] = await target.traces();
  const page = await target.page();
  await page.goto(await target.searchUrl());
  const field = page.getByLabel('Open trace by id');
  await field.fill('not hex');
  await field.press('Enter');
  await page.getByText('A trace id is 1 to 32 hex digits.').waitFor();
  await field.fill(trace.traceId.replace(/^0+/, '').toUpperCase());
  await field.press('Enter');
  await page.waitForURL(new RegExp(`/traces/${trace.traceId}$`));
});

test('Back returns to the search as it was', async () => {
  const page = await target.page();
  const url = await target.searchUrl({ sort: 'longest', limit: '50' });
  await page.goto(url);
  await found(page).first().waitFor();
  const before = page.url();
  await found(page).first().getByRole('link').click();
  await page.getByRole('treegrid').waitFor();
  await page.goBack();
  await found(page).first().waitFor();
  assert.equal(page.url(), before);
  assert.equal(await page.getByLabel('Order', { exact: true }).inputValue(), 'longest');
  assert.equal(await page.getByLabel('At most').inputValue(), '50');
});

test('auto-refresh asks again and is in the URL', async () => {
  const page = await target.page();
  await page.goto(await target.searchUrl());
  await found(page).first().waitFor();
  await page.getByLabel('Auto-refresh').selectOption('5');
  await page.waitForURL(/refresh=5/);
  await page.waitForResponse((response) => response.url().includes('/heddle/v1/traces?'));
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Search again' }).focus();
  await page.keyboard.press('p');
  await page.waitForURL((u) => !u.searchParams.has('refresh'));
});
