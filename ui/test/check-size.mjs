// Fails when the first load (JavaScript and CSS of the entry and what it imports
// statically) exceeds the budget.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = 200;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist)));

function collect(key, seen = new Set()) {
  const chunk = manifest[key];
  if (seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const css of chunk.css ?? []) seen.add(css);
  for (const imported of chunk.imports ?? []) collect(imported, seen);
  return seen;
}

const gzip = (file) => gzipSync(readFileSync(new URL(file, dist))).length / 1000;
const report = (title, files) => {
  const sized = [...files].map((file) => [file, gzip(file)]);
  const total = sized.reduce((sum, [, kb]) => sum + kb, 0);
  console.log(`${title}: ${total.toFixed(1)} KB gzip`);
  for (const [file, kb] of sized) console.log(`  ${kb.toFixed(1).padStart(6)}  ${file}`);
  return total;
};

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const first = collect(entry);
const total = report('First load', first);
const tracePage = Object.keys(manifest).find((key) => key.endsWith('TracePage.tsx'));
report('Trace page, on top of it', [...collect(tracePage)].filter((file) => !first.has(file)));
if (total > BUDGET_KB) {
  console.error(`over the budget of ${BUDGET_KB} KB`);
  process.exit(1);
}
