import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The server the dev server forwards API calls to.
const api = process.env.HEDDLE_URL ?? 'http://127.0.0.1:3300';

export default defineConfig({
  // Relative asset addresses: <base href> in index.html decides where they
  // resolve, so one build serves under any base path.
  base: './',
  plugins: [react()],
  server: {
    proxy: {
      '/heddle/v1': { target: api },
      '/api/traces': { target: api },
    },
  },
  build: {
    target: 'es2023',
    // The manifest tells test/check-size.mjs what the first load is.
    manifest: 'manifest.json',
    assetsInlineLimit: 0,
    // woff2 files beside the latin ones are fetched only for their scripts.
    chunkSizeWarningLimit: 400,
  },
  worker: { format: 'es' },
  test: {
    // A test of what needs a document says so in its first line: a document
    // takes longer to set up than most tests to run.
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}'],
    css: false,
    testTimeout: 60_000, // no expectation, but when a test gives up
  },
});
