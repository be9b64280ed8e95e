import assert from 'node:assert/strict';
import { test } from 'node:test';
import { found, queryBox, start, typeQuery, until } from './harness.mjs';

const target = await start();
const q = (page) => new URL(page.url()).searchParams.get('q');
const withQuery = (page, query) => page.waitForURL((url) => url.searchParams.get('q') === query);
/** Waits until the page says that so many spans match. */
const matched = (page, spans) => page.locator('figcaption').getByText(`${spans.toLocaleString('en-US')} spans`, { exact: true }).waitFor();
const listed = (page) => page.locator('[data-trace-link]').evaluateAll((links) => links.map((link) => link.href.split('/').at(-1)));

/** Whether rows are drawn wherever the list is in view: a scroll is drawn a moment later. */
function rowsFillTheView() {
  const view = document.querySelector('main').getBoundingClientRect();
  const list = document.querySelector('ol[aria-label="Traces"]').getBoundingClientRect();
  const rows = [...document.querySelectorAll('ol[aria-label="Traces"] > li')].map((row) => row.getBoundingClientRect());
  const top = Math.max(view.top, list.top) + 2;
  const bottom = Math.min(view.bottom, list.bottom) - 2;
  return top >= bottom || [top, bottom].every((y) => rows.some((row) => row.top <= y && row.bottom >= y));
}

async function searchPage(extra) {
  const page = await target.page();
  await page.goto(await target.searchUrl(extra));
  return page;
}

async function foundPage(extra) {
  const page = await searchPage(extra);
  await found(page).first().waitFor();
  return page;
}

test('the front door leads to trace search', async () => {
  const page = await target.page();
  await page.goto(target.url);
  await page.waitForURL(/\/traces$/);
  await page.getByRole('button', { name: 'Find traces' }).waitFor();
  assert.deepEqual(page.failures, []);
});

test('the list says how many of how many, as the API counts them', async () => {
  const page = await foundPage({ limit: 5 });
  const { total } = await target.search({ limit: 1, total: 'exact' });
  await page.getByRole('heading', { name: new RegExp(`of ${total.traces.toLocaleString('en-US')} traces$`) }).waitFor();
});

test('the form writes the query, and every result has what it says', async () => {
  const [trace] = await target.traces();
  const service = trace.services[0].name;
  const page = await foundPage();
  await page.getByRole('combobox', { name: 'Service' }).fill(service);
  await page.getByLabel('Kind', { exact: true }).selectOption('server');
  const query = `{ resource.service.name = "${service}" && kind = server }`;
  assert.equal(await queryBox(page).innerText(), query);
  await page.getByRole('combobox', { name: 'Service' }).press('Enter');
  await withQuery(page, query);
  const having = new Set((await target.traces({ q: query })).map(({ traceId }) => traceId));
  if (having.size === 0) return page.getByRole('heading', { name: 'No trace matches' }).waitFor();
  await until(page, (ids) => {
    const shown = [...document.querySelectorAll('[data-trace-link]')].map((link) => link.href.split('/').at(-1));
    return shown.length > 0 && shown.every((id) => ids.includes(id));
  }, [...having]);
});

test('a typed query fills the form, and what it cannot show stays text', async () => {
  const page = await foundPage();
  await typeQuery(page, '{ name = "GET /" && duration >= 20ms && span.x > 3 }');
  assert.equal(await page.getByRole('combobox', { name: 'Operation' }).inputValue(), 'GET /');
  assert.equal(await page.getByLabel('Min duration').inputValue(), '20ms');
  await page.getByRole('button', { name: 'Remove span.x > 3' }).click();
  assert.equal(await queryBox(page).innerText(), '{ name = "GET /" && duration >= 20ms }');
  await typeQuery(page, '{ } >> { kind = client }');
  assert.ok(await page.getByRole('combobox', { name: 'Service' }).isDisabled());
  await page.getByRole('button', { name: 'Start over with the form' }).click();
  assert.ok(await page.getByRole('combobox', { name: 'Service' }).isEnabled());
});

test('a mistake is underlined where the server found it, with the remedy', async () => {
  const page = await foundPage();
  await typeQuery(page, '{ kind = server && naem = "x" }');
  await page.locator('.cm-lintRange-error', { hasText: 'naem' }).waitFor();
  await page.getByText('Line 1, column 20: there is no field naem; did you mean name?').first().waitFor();
  await queryBox(page).press('Enter');
  await page.getByRole('heading', { name: 'The query is not valid' }).waitFor();
  await typeQuery(page, '{ name = "x" }');
  await page.locator('.cm-lintRange-error').waitFor({ state: 'detached' });
});

test('keys and values that are stored complete what one types', async () => {
  const [trace] = await target.traces();
  const service = trace.services[0].name;
  const page = await foundPage();
  await typeQuery(page, '');
  await page.keyboard.type('{ resource.service.na');
  await page.getByRole('option', { name: /^resource\.service\.name\b/ }).first().waitFor();
  await page.waitForTimeout(150); // the editor takes no completion right after it appeared
  await page.keyboard.press('Enter');
  await page.keyboard.type(` = "${service.slice(0, 3)}`);
  await page.getByRole('option', { name: new RegExp(`^"${service}"`) }).first().click();
  await until(page, (text) => document.querySelector('.cm-content').innerText.includes(text), `resource.service.name = "${service}"`);
});

test('a typed attribute becomes a condition, and nothing found offers a way out', async () => {
  const page = await foundPage();
  const field = page.getByRole('combobox', { name: 'Attribute' });
  await field.fill('no.such.key=nothing at all');
  await field.press('Enter');
  await page.getByRole('button', { name: 'Remove .no.such.key = "nothing at all"' }).waitFor();
  await page.getByRole('button', { name: 'Find traces' }).click();
  await withQuery(page, '{ .no.such.key = "nothing at all" }');
  await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
  await page.getByRole('button', { name: 'Drop every condition' }).click();
  await found(page).first().waitFor();
  assert.equal(q(page), null);
});

test('a duration that is none is refused beside its field', async () => {
  const page = await foundPage();
  await page.getByLabel('Min duration').fill('fast');
  await page.getByRole('button', { name: 'Find traces' }).click();
  await page.getByText('Write a number and a unit').waitFor();
  assert.equal(await page.getByLabel('Min duration').getAttribute('aria-invalid'), 'true');
  assert.equal(q(page), null);
});

test('links from before the query still mean the same', async () => {
  const [trace] = await target.traces();
  const service = trace.services[0].name;
  const page = await searchPage({ service, max: '10m', tag: 'no.such=1' });
  await page.getByRole('button', { name: 'Remove (.no.such = 1 || .no.such = "1")' }).waitFor();
  assert.equal(await page.getByRole('combobox', { name: 'Service' }).inputValue(), service);
  assert.equal(await page.getByLabel('Max duration').inputValue(), '10m');
  await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
});

test('sorting changes the URL and the order', async () => {
  const page = await foundPage();
  await page.getByLabel('Order', { exact: true }).selectOption('spans');
  await page.waitForURL(/sort=spans/);
  const { traces } = await target.search({ sort: 'spans', limit: 3 });
  await until(page, (first) => document.querySelector('[data-trace-link]')?.href.endsWith(first), traces[0].traceId);
  assert.deepEqual((await listed(page)).slice(0, 3), traces.map(({ traceId }) => traceId));
});

test('scrolling visits every trace once', async () => {
  const all = (await target.traces()).map(({ traceId }) => traceId);
  const page = await foundPage({ limit: Math.max(5, Math.ceil(all.length / 4)) });
  const seen = new Set();
  const deadline = Date.now() + 300_000;
  while (Date.now() < deadline && seen.size < all.length) {
    for (const id of await listed(page)) seen.add(id);
    await page.locator('main').evaluate((main) => main.scrollBy(0, 600));
    await until(page, rowsFillTheView);
  }
  assert.deepEqual(all.filter((id) => !seen.has(id)), []);
  assert.equal(seen.size, all.length);
  const kept = await found(page).count();
  assert.ok(kept < all.length || all.length < 40, `${kept} rows of ${all.length} are in the document`);
});

test('j and k walk beyond the rows that are in the document', async () => {
  const page = await foundPage();
  const { total } = await target.search({ limit: 1, total: 'exact' });
  const steps = Math.min(30, total.traces);
  for (let i = 0; i < steps; i++) {
    await page.keyboard.press('j');
    await until(page, (n) => document.activeElement?.closest('[data-index]')?.dataset.index === String(n), i);
  }
  await page.keyboard.press('k');
  await until(page, (n) => document.activeElement?.closest('[data-index]')?.dataset.index === String(n), steps - 2);
});

test('the heatmap is over all matches; a drag chooses of them', async () => {
  const page = await foundPage();
  const overview = await target.overview();
  await matched(page, overview.spans);
  const canvas = page.getByRole('img', { name: /^Heatmap of durations/ });
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + 66, box.y + 7);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 10, box.y + 90, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL((url) => url.searchParams.has('sel') && /^\d.*~/.test(url.searchParams.get('dur') ?? ''));
  const [from, to] = new URL(page.url()).searchParams.get('sel').split('~');
  const min = new URL(page.url()).searchParams.get('dur').split('~')[0];
  const chosen = await target.get(`heddle/v1/traces?start=${from}&end=${to}&limit=1000&total=exact&${new URLSearchParams({ q: `{ duration >= ${min} }` })}`);
  const text = chosen.total.traces === chosen.traces.length && chosen.total.traces <= 20 ? /all that match/ : new RegExp(`of ${chosen.total.traces.toLocaleString('en-US')} traces`);
  await page.getByRole('heading', { name: text }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await withQuery(page, `{ duration >= ${min} }`);
  assert.equal(new URL(page.url()).searchParams.get('sel'), null);
  await page.goBack();
  await page.getByRole('button', { name: 'Zoom in' }).waitFor();
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.searchParams.has('sel') && !url.searchParams.has('dur'));
  assert.deepEqual(page.failures, []);
});

test('the table twin has the numbers of the heatmap, and chooses without a mouse', async () => {
  const page = await foundPage();
  const overview = await target.overview();
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  const table = page.getByRole('region', { name: 'Durations over time as a table' });
  await table.waitFor();
  const sums = await table.locator('tbody tr').evaluateAll((rows) => {
    const number = (cell) => Number(cell.textContent.replaceAll(',', ''));
    return rows.map((row) => [...row.cells].slice(1).map(number)).reduce(([cells, all, errors], row) => [cells + row.slice(0, -2).reduce((a, b) => a + b, 0), all + row.at(-2), errors + row.at(-1)], [0, 0, 0]);
  });
  assert.deepEqual(sums, [overview.spans, overview.spans, overview.errors]);
  await table.getByRole('columnheader').nth(2).getByRole('button').focus();
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.has('sel') && url.searchParams.has('dur'));
});

test('values narrow the search: wanted, alternatives, left out', async () => {
  const page = await foundPage();
  const { facets } = await target.overview();
  const values = facets.find(({ key }) => key.name === 'kind').values;
  const kinds = page.getByRole('region', { name: 'Kind values' });
  await kinds.getByRole('button', { name: new RegExp(`^Kind ${values[0].text} `) }).click();
  await withQuery(page, `{ kind = ${values[0].text} }`);
  await matched(page, values[0].spans);
  // The others are still counted, so that one can have them as well.
  await kinds.getByRole('button', { name: new RegExp(`^Kind ${values[1].text} .*\\b${values[1].spans.toLocaleString('en-US')} spans`) }).click();
  await withQuery(page, `{ (kind = ${values[0].text} || kind = ${values[1].text}) }`);
  await matched(page, values[0].spans + values[1].spans);
  await kinds.getByRole('button', { name: `Leave out Kind ${values[0].text}` }).click();
  await withQuery(page, `{ kind = ${values[1].text} && kind != ${values[0].text} }`);
});

test('a further key can be listed, and rarer values', async () => {
  const page = await foundPage();
  const field = page.getByRole('combobox', { name: 'List the values of' });
  await field.fill('span.http.route');
  await field.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('facet') === 'span.http.route');
  await page.getByRole('region', { name: 'http.route values' }).getByRole('button').first().waitFor();
  const operations = page.getByRole('region', { name: 'Operation values' });
  await operations.getByRole('button', { name: /more values?/ }).click();
  await operations.getByRole('searchbox').waitFor();
  await until(page, () => document.querySelectorAll('section[aria-label="Operation values"] li').length > 12);
});

test('failed spans are explained by what sets them apart', async () => {
  const page = await foundPage();
  await page.getByRole('button', { name: 'Failed', exact: true }).click();
  await page.waitForURL(/compare=failed/);
  const panel = page.getByRole('region', { name: 'Comparison' });
  await panel.getByRole('table').waitFor();
  const { errors, spans } = await target.overview();
  await panel.getByText(`${errors.toLocaleString('en-US')} spans against ${(spans - errors).toLocaleString('en-US')} other spans`).waitFor();
  await panel.locator('tbody').getByRole('button').first().click();
  await page.waitForURL((url) => url.searchParams.has('q'));
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.searchParams.has('compare'));
});

test('two picked traces can be compared, a third takes the place of the first', async () => {
  const page = await foundPage();
  const [a, b, c] = await listed(page);
  const boxes = found(page).getByRole('checkbox');
  await boxes.nth(0).check();
  await page.waitForURL(new RegExp(`a=${a}`));
  await boxes.nth(1).check();
  const link = page.getByRole('link', { name: 'Compare the two' });
  await link.waitFor();
  assert.ok((await link.getAttribute('href')).endsWith(`traces/diff?a=${a}&b=${b}`));
  await boxes.nth(2).check();
  await page.waitForURL(new RegExp(`a=${b}&b=${c}`));
});

test('a view is saved under a name and opens again', async () => {
  const page = await foundPage({ sort: 'longest' });
  const before = page.url();
  await page.getByRole('button', { name: 'Views' }).click();
  const dialog = page.getByRole('dialog', { name: 'Saved views' });
  await dialog.getByLabel('Save what is shown as').fill('the slow ones');
  await dialog.getByLabel('Save what is shown as').press('Enter');
  await dialog.getByRole('link', { name: /the slow ones/ }).waitFor();
  await page.goto(new URL('traces', target.url).toString());
  await page.getByRole('button', { name: 'Views' }).click();
  await dialog.getByRole('link', { name: /the slow ones/ }).click();
  await page.waitForURL(/sort=longest/);
  const params = (url) => [...new URL(url).searchParams].sort().join();
  assert.equal(params(page.url()), params(before));
});

test('a trace opens by a short id, and refuses what is none', async () => {
  const [trace] = await target.traces();
  const page = await searchPage();
  const field = page.getByLabel('Open trace by id');
  await field.fill('not hex');
  await field.press('Enter');
  await page.getByText('A trace id is 1 to 32 hex digits.').waitFor();
  await field.fill(trace.traceId.replace(/^0+/, '').toUpperCase());
  await field.press('Enter');
  await page.waitForURL(new RegExp(`/traces/${trace.traceId}$`));
});

test('Back returns to the search as it was', async () => {
  const page = await foundPage({ sort: 'longest', limit: '50' });
  const before = page.url();
  const first = await listed(page);
  await found(page).first().getByRole('link').click();
  await page.getByRole('treegrid').waitFor();
  await page.goBack();
  await found(page).first().waitFor();
  assert.equal(page.url(), before);
  assert.equal(await page.getByLabel('Order', { exact: true }).inputValue(), 'longest');
  assert.equal((await listed(page))[0], first[0]);
});

test('auto-refresh asks again and is in the URL', async () => {
  const page = await foundPage();
  await page.getByLabel('Auto-refresh').selectOption('5');
  await page.waitForURL(/refresh=5/);
  await page.waitForResponse((response) => response.url().includes('/heddle/v1/traces?'));
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Search again' }).focus();
  await page.keyboard.press('p');
  await page.waitForURL((u) => !u.searchParams.has('refresh'));
});
