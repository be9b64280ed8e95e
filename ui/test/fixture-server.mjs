// A stand-in for a heddle process: /heddle/v1 over generated data, and the built
// UI from dist. `node test/fixture-server.mjs` prints its address.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attributesOf, spanDetail, spanId } from './fixture/detail.mjs';
import { NAMES, OPERATIONS } from './fixture/shop.mjs';
import { deleteTrace, listDeletions } from './fixture/deletions.mjs';
import { diff } from './fixture/diff.mjs';
import { comparison, overview } from './fixture/overview.mjs';
import { SyntaxProblem } from './fixture/query.mjs';
import { tail } from './fixture/tail.mjs';
import { buildStore, search, skeletonOf } from './fixture/store.mjs';
import { KINDS } from './fixture/trace.mjs';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.json': 'application/json' };

const KEYS = [
  ['resource', 'service.name', 'string'],
  ['resource', 'k8s.pod.name', 'string'],
  ['span', 'http.request.method', 'string'],
  ['span', 'http.response.status_code', 'int'],
  ['span', 'http.route', 'string'],
  ['span', 'rpc.method', 'string'],
];

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

/** Starts a server on a free port; base is the path it serves under. */
export async function startFixture({ base = '/', port = 0 } = {}) {
  const store = buildStore(BigInt(Date.now()) * 1_000_000n);
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://fixture');
    try {
      if (!url.pathname.startsWith(base)) throw new Refusal(404, 'not_found', `nothing is served outside ${base}`);
      const path = `/${url.pathname.slice(base.length)}`;
      if (path.startsWith('/heddle/v1/')) handle(response, store, request.method, path.slice('/heddle/v1'.length), url.searchParams);
      else if (path.startsWith('/api/traces/')) answer(response, jaeger(store, path.split('/')[3]));
      else asset(response, path, base);
    } catch (error) {
      const { status = 500, code = 'internal', message, line, column, remedy } = error;
      if (error instanceof SyntaxProblem) answer(response, { error: { code: 'bad_request', message, line, column, remedy } }, 400);
      else answer(response, { error: { code, message } }, status);
    }
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}${base}`;
  return { url, store, close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))) };
}

function answer(response, body, status = 200) {
  const binary = Buffer.isBuffer(body);
  response.writeHead(status, { 'Content-Type': binary ? 'application/vnd.heddle.skeleton' : 'application/json' });
  response.end(binary ? body : JSON.stringify(body));
}

function handle(response, store, method, path, params) {
  const trace = /^\/traces\/([0-9a-f]+)$/.exec(path);
  if (method === 'DELETE' && trace) answer(response, deleteTrace(store, findTrace(store, trace[1]), params.get('reason') ?? ''), 202);
  else if (method === 'GET' && path === '/tail') tail(response, store, params.get('q') ?? '');
  else if (method === 'GET') answer(response, api(store, path, params));
  else throw new Refusal(404, 'not_found', `the fixture does not serve ${method} ${path}`);
}

function api(store, path, params) {
  const trace = /^\/traces\/([0-9a-f]+)\/(skeleton|spans)$/.exec(path);
  if (trace) return ofTrace(store, findTrace(store, trace[1]), trace[2], params);
  switch (path) {
    case '/status':
      return status(store);
    case '/services':
      return { services: NAMES.map((name, i) => totals(store, name, i)) };
    case '/operations':
      return { operations: operations(store, params.get('service')) };
    case '/keys':
      return { keys: KEYS.map(([scope, name, ...types]) => ({ scope, name, types, count: 1 })) };
    case '/values':
      return { values: values(store, params.get('key'), params.get('prefix') ?? ''), more: false };
    case '/overview':
      return remembered(store, path, params, overview);
    case '/compare':
      return remembered(store, path, params, comparison);
    case '/diff':
      return diff(findTrace(store, params.get('a') ?? ''), findTrace(store, params.get('b') ?? ''));
    case '/deletions':
      return { deletions: listDeletions(store) };
    case '/traces':
      return remembered(store, path, params, search);
    default:
      throw new Refusal(404, 'not_found', `the fixture does not serve ${path}`);
  }
}

/** Tests ask the same again and again; only a deletion changes the answer. */
function remembered(store, path, params, answerTo) {
  const question = `${store.traces.length} ${path}?${params}`;
  let known = store.answers.get(question);
  if (!known) store.answers.set(question, (known = answerTo(store, params)));
  return known;
}

function ofTrace(store, trace, what, params) {
  if (what === 'skeleton') return skeletonOf(store, trace);
  const wanted = new Set((params.get('id') ?? '').split(','));
  if (wanted.size > 500) throw new Refusal(400, 'bad_request', 'at most 500 ids');
  const spans = [];
  for (let row = 0; row < trace.columns.rows; row++) if (wanted.has(spanId(trace.columns, row))) spans.push(spanDetail(trace, row));
  return { spans };
}

function findTrace(store, id) {
  const trace = store.byId.get(id.padStart(32, '0'));
  if (!trace) throw new Refusal(404, 'not_found', `no span of trace ${id} is stored; it may be older than what is kept`);
  return trace;
}

function status(store) {
  const starts = store.traces.map((t) => t.startNs).sort((a, b) => (a < b ? -1 : 1));
  const spans = store.traces.reduce((n, t) => n + t.columns.rows, 0);
  return { version: 'fixture', durable: true, deletes: true, spans, bytes: spans * 512, evictedSpans: 1200, oldestUnixNano: String(starts[0]), newestUnixNano: String(starts.at(-1)) };
}

function totals(store, name, index) {
  const counts = store.traces.map((t) => t.summary.services[index]);
  return { name, spans: counts.reduce((n, c) => n + c.spans, 0), errors: counts.reduce((n, c) => n + c.errors, 0) };
}

function* rowsOf(store) {
  for (const trace of store.traces) if (trace.columns.rows < 5000) for (let row = 0; row < trace.columns.rows; row++) yield [trace, row];
}

function operations(store, service) {
  const found = new Map();
  for (const [{ columns }, row] of rowsOf(store)) {
    if (NAMES[columns.service[row]] !== service) continue;
    const key = `${OPERATIONS[columns.operation[row]]}\0${KINDS[columns.kind[row]]}`;
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  return [...found].map(([key, spans]) => ({ name: key.split('\0')[0], kind: key.split('\0')[1], spans }));
}

function values(store, key, prefix) {
  if (key === 'service.name') return NAMES.map((name, i) => ({ value: name, spans: totals(store, name, i).spans })).filter(({ value }) => value.startsWith(prefix));
  const found = new Map();
  for (const [trace, row] of rowsOf(store)) {
    for (const a of attributesOf(trace, row)) if (a.key === key) found.set(String(a.value), (found.get(String(a.value)) ?? 0) + 1);
  }
  return [...found].filter(([value]) => value.startsWith(prefix)).map(([value, spans]) => ({ value, spans })).sort((a, b) => b.spans - a.spans);
}

function jaeger(store, id) {
  const trace = findTrace(store, id);
  return { data: [{ traceID: trace.traceId, spans: [] }], total: 1 };
}

function asset(response, path, base) {
  const file = join(DIST, normalize(path));
  const found = extname(path) !== '' && existsSync(file);
  if (!found && extname(path) !== '') throw new Refusal(404, 'not_found', `no asset ${path}`);
  const body = readFileSync(found ? file : join(DIST, 'index.html'));
  response.writeHead(200, { 'Content-Type': TYPES[found ? extname(file) : '.html'] ?? 'application/octet-stream' });
  response.end(found ? body : body.toString().replace('<base href="/" />', `<base href="${base}" />`));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, store } = await startFixture({ port: Number(process.env.PORT ?? 3300), base: process.env.BASE ?? '/' });
  console.log(`fixture at ${url}`);
  for (const trace of store.traces) if (trace.name) console.log(`  ${trace.name}: ${url}traces/${trace.traceId}`);
}
