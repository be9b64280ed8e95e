// axe-core on every page and state, in both themes: no violations.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { openTrace, ordinary, rows, start } from './harness.mjs';

const target = await start();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const trace = (await target.trace((t) => ordinary(t) && t.errors > 0)) ?? (await target.trace(ordinary));

async function assertClean(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  const said = violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.slice(0, 5).map((n) => `    ${n.html.slice(0, 200)}\n    ${n.failureSummary}`).join('\n')}`);
  assert.equal(violations.length, 0, said.join('\n'));
}

const STATES = {
  'trace search': async (page) => {
    await page.goto(await target.searchUrl());
    await page.getByRole('list', { name: 'Traces', exact: true }).waitFor();
  },
  'trace search, open list of services': async (page) => {
    await page.goto(await target.searchUrl());
    await page.getByRole('list', { name: 'Traces', exact: true }).waitFor();
    await page.getByRole('combobox', { name: 'Service' }).press('ArrowDown');
    await page.getByRole('option').first().waitFor();
  },
  'trace search, heatmap as table': async (page) => {
    await page.goto(await target.searchUrl({ plot: 'table' }));
    await page.getByRole('region', { name: 'Durations over time as a table' }).waitFor();
  },
  'trace search, chosen, picked and compared': async (page) => {
    await page.goto(await target.searchUrl({ compare: 'failed', facet: 'span.http.route', q: '{ kind = server && span.x != nil || kind = server }' }));
    await page.getByRole('table', { name: 'Values that differ most' }).waitFor();
    await page.getByRole('img', { name: /^Heatmap/ }).click();
    await page.getByRole('button', { name: 'Zoom in' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /more values?/ }).first().click();
    await page.getByRole('searchbox').waitFor();
  },
  'trace search, two picked': async (page) => {
    await page.goto(await target.searchUrl());
    for (const i of [0, 1]) await page.getByRole('list', { name: 'Traces', exact: true }).getByRole('checkbox').nth(i).check();
    await page.getByRole('link', { name: 'Compare the two' }).waitFor();
  },
  'trace search, completing': async (page) => {
    await page.goto(await target.searchUrl());
    await page.locator('.cm-content').fill('{ res');
    await page.locator('.cm-content').press('Control+Space');
    await page.locator('.cm-tooltip-autocomplete [role=option]').first().waitFor();
  },
  'trace search, a wrong query': async (page) => {
    await page.goto(await target.searchUrl({ q: '{ naem = 1 }' }));
    await page.locator('.cm-lintRange-error').waitFor();
    await page.getByRole('heading', { name: 'The query is not valid' }).waitFor();
  },
  'trace search, nothing found': async (page) => {
    await page.goto(await target.searchUrl({ tag: 'no.such=thing' }));
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
  },
  'trace search, narrow': async (page) => {
    await page.setViewportSize({ width: 420, height: 900 });
    await page.goto(await target.searchUrl());
    await page.getByText('Form', { exact: true }).click();
    await page.getByText('Values of what matches').click();
    await page.getByRole('list', { name: 'Traces', exact: true }).waitFor();
  },
  'live tail': async (page) => {
    await page.goto(new URL('traces?live=1', target.url).toString());
    await page.getByRole('heading', { name: 'Live', exact: true }).waitFor();
    await page.keyboard.press('p');
    await page.getByRole('heading', { name: 'Paused' }).waitFor();
  },
  'saved views': async (page) => {
    await page.goto(await target.searchUrl());
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByLabel('Save what is shown as').fill('mine');
    await page.getByLabel('Save what is shown as').press('Enter');
    await page.getByRole('dialog').getByRole('link').waitFor();
  },
  'failed search': async (page) => {
    await page.route('**/heddle/v1/traces?*', (route) => route.fulfill({ status: 400, body: '{"error":{"code":"bad_request","message":"no"}}' }));
    await page.goto(await target.searchUrl());
    await page.getByRole('alert').waitFor();
  },
  help: async (page) => {
    await page.goto(await target.searchUrl());
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await page.getByRole('dialog').waitFor();
  },
  palette: async (page) => {
    await page.goto(await target.searchUrl());
    await page.getByRole('button', { name: /^Go to/ }).click();
    await page.getByRole('dialog').waitFor();
  },
  waterfall: (page) => openTrace(page, target, trace.traceId),
  'waterfall with details': async (page) => {
    await openTrace(page, target, trace.traceId);
    await rows(page).nth(1).click();
    await page.getByRole('heading', { name: /^Resource/ }).waitFor();
  },
  'waterfall, error selected, search and service chosen': async (page) => {
    await openTrace(page, target, trace.traceId, `?q=e&service=${encodeURIComponent(trace.services[0].name)}`);
    await page.keyboard.press('e');
    await page.keyboard.press('Enter');
    await page.waitForTimeout(300);
  },
  'span table': async (page) => {
    await page.goto(target.traceUrl(trace.traceId, '?view=table&order=-duration'));
    await page.getByRole('table').getByRole('row').nth(1).waitFor();
  },
  statistics: async (page) => {
    await page.goto(target.traceUrl(trace.traceId, '?view=stats&by=operation'));
    await page.locator('tbody tr').first().waitFor();
  },
  'asking to delete a trace': async (page) => {
    await openTrace(page, target, trace.traceId);
    await page.getByRole('button', { name: 'Delete this trace…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the trace' }).click();
    await page.getByRole('dialog').getByRole('alert').waitFor();
  },
  deletions: async (page) => {
    await page.goto(new URL('deletions', target.url).toString());
    await page.getByRole('table', { name: 'Deletions' }).waitFor();
  },
  'two traces compared': async (page) => {
    const [other] = await target.traces();
    const [a, b] = other.traceId === trace.traceId ? (await target.traces()).slice(0, 2) : [trace, other];
    await page.goto(new URL(`traces/diff?a=${a.traceId}&b=${b.traceId}`, target.url).toString());
    await page.getByRole('treegrid').getByRole('row').nth(1).waitFor();
    await page.getByText('Duration', { exact: true }).nth(1).waitFor();
  },
  'two traces to choose': async (page) => {
    await page.goto(new URL('traces/diff', target.url).toString());
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByRole('alert').first().waitFor();
  },
  'two traces that are not stored': async (page) => {
    await page.goto(new URL('traces/diff?a=fffffffffffffffe&b=ffffffffffffffff', target.url).toString());
    await page.getByRole('alert').waitFor();
  },
  'trace not found': async (page) => {
    await page.goto(target.traceUrl('0000000000000000fffffffffffffffe'));
    await page.getByRole('alert').waitFor();
  },
};

for (const theme of ['light', 'dark']) {
  for (const [state, arrive] of Object.entries(STATES)) {
    test(`${state}, ${theme}`, async () => {
      const page = await target.page({ theme, reducedMotion: 'reduce' });
      await arrive(page);
      await assertClean(page);
      await page.context().close();
    });
  }
}

test('the theme switch wins over the system and is remembered', async () => {
  const page = await target.page({ theme: 'light' });
  await page.goto(await target.searchUrl());
  const shown = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await shown(), 'light');
  await page.getByRole('button', { name: 'Dark theme' }).click();
  assert.equal(await shown(), 'dark');
  await page.reload();
  assert.equal(await shown(), 'dark');
  await page.getByRole('button', { name: 'Theme of the system' }).click();
  assert.equal(await shown(), 'light');
});

for (const [name, arrive] of Object.entries({ 'of a trace': STATES.waterfall, 'of trace search': STATES['trace search, chosen, picked and compared'], 'of the live tail': STATES['live tail'] })) test(`controls ${name} are at least 24 px`, async () => {
  const page = await target.page();
  await arrive(page);
  const small = await page.$$eval('button, a, input, select, [tabindex="0"]', (nodes) =>
    nodes
      .filter((n) => n.checkVisibility() && !n.matches('[type=checkbox], [role=separator]'))
      .map((n) => [n.getBoundingClientRect(), n.outerHTML.slice(0, 120)])
      .filter(([box]) => box.height > 0 && box.height < 24)
      .map(([box, html]) => `${box.width}x${box.height} ${html}`),
  );
  assert.deepEqual(small, []);
});

test('nothing moves under prefers-reduced-motion, and forced colours keep the bars', async () => {
  const page = await target.page({ reducedMotion: 'reduce', forcedColors: 'active' });
  await openTrace(page, target, trace.traceId);
  const bar = await rows(page).first().locator('[role="gridcell"]').last().locator('span').first().evaluate((n) => {
    const { backgroundColor, backgroundImage } = getComputedStyle(n);
    return backgroundImage === 'none' ? backgroundColor : backgroundImage;
  });
  assert.notEqual(bar, 'rgba(0, 0, 0, 0)');
  const motion = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--motion').trim());
  assert.ok(['0ms', '0s'].includes(motion), motion);
});
