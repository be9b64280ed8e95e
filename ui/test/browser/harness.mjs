// A browser and something to look at: the heddle at $HEDDLE_URL, or the fixture.
import { after, afterEach } from 'node:test';
import { chromium } from 'playwright-core';
import { startFixture } from '../fixture-server.mjs';

const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Starts both; they stop when the test file ends. */
export async function start({ base } = {}) {
  const fixture = process.env.HEDDLE_URL && !base ? null : await startFixture({ base });
  const url = fixture ? fixture.url : `${process.env.HEDDLE_URL.replace(/\/+$/, '')}/`;
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
  // What a test leaves open goes on asking and drawing, which slows the next.
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  after(async () => {
    await browser.close();
    await fixture?.close();
  });
  return new Target(url, browser, fixture);
}

class Target {
  constructor(url, browser, fixture) {
    Object.assign(this, { url, browser, fixture });
  }

  /** A fresh page that fails the test on an uncaught error. */
  async page({ theme = 'light', viewport = { width: 1440, height: 900 }, ...options } = {}) {
    const context = await this.browser.newContext({ viewport, colorScheme: theme, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(120_000); // no expectation, but when a test gives up
    page.failures = [];
    page.on('pageerror', (error) => page.failures.push(error.message));
    return page;
  }

  async get(path) {
    const response = await fetch(new URL(path, this.url));
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Search params of a window that holds all that is stored. */
  async window() {
    const status = await this.get('heddle/v1/status');
    if (!status.spans) throw new Error(`${this.url} holds no spans: the tests need some`);
    const iso = (ns, add) => new Date(Number(BigInt(ns) / 1_000_000n) + add).toISOString();
    return new URLSearchParams({ start: iso(status.oldestUnixNano, -1000), end: iso(status.newestUnixNano, 60_000) });
  }

  /** The address of trace search over everything stored. */
  async searchUrl(extra = {}) {
    const params = await this.window();
    for (const [key, value] of Object.entries(extra)) params.set(key, value);
    return new URL(`traces?${params}`, this.url).toString();
  }

  /** Asks an endpoint about everything stored. */
  async ask(endpoint, params = {}) {
    const window = await this.window();
    const ns = (name) => `${Date.parse(window.get(name))}000000`;
    return this.get(`heddle/v1/${endpoint}?${new URLSearchParams({ start: ns('start'), end: ns('end'), ...params })}`);
  }

  search(params) {
    return this.ask('traces', params);
  }

  overview(params) {
    return this.ask('overview', params);
  }

  /** All stored traces that fit, page by page. */
  async traces(conditions = {}) {
    const all = [];
    let after;
    do {
      const page = await this.ask('traces', { limit: 1000, ...conditions, ...(after && { after }) });
      all.push(...page.traces);
      ({ after } = page);
    } while (after);
    return all;
  }

  /** A stored trace that fits, or undefined: real data need not have one. */
  async trace(fits) {
    return (await this.traces()).find(fits);
  }

  traceUrl(traceId, query = '') {
    return new URL(`traces/${traceId}${query}`, this.url).toString();
  }
}

/** Skips a test for which nothing is stored. Generated data and the demo shop's must have what all tests need. */
export function lacks(t, what) {
  if (!process.env.HEDDLE_URL || process.env.HEDDLE_IS_DEMO) throw new Error(what);
  t.skip(what);
}

/** Rows of the list of traces that are in the document. */
export const found = (page) => page.getByRole('list', { name: 'Traces', exact: true }).getByRole('listitem');

/** The query's editor, once it is loaded. */
export const queryBox = (page) => page.locator('.cm-content');

export async function typeQuery(page, text) {
  await queryBox(page).fill(text);
}

/** Rows of the waterfall that are in the document. */
export const rows = (page) => page.locator('[role="treegrid"] [role="row"]');

export async function openTrace(page, target, traceId, query) {
  await page.goto(target.traceUrl(traceId, query));
  await rows(page).first().waitFor();
}

/** Waits until a condition in the page holds. */
export const until = (page, condition, argument) => page.waitForFunction(condition, argument);

export const ordinary = (trace) => trace.spans >= 5 && trace.spans <= 5000 && trace.services.length > 1 && !trace.rootMissing;
