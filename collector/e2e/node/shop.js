// A web server and a client of it in one process, instrumented by
// OpenTelemetry's auto-instrumentation alone: nothing here makes a span.
//
// Where spans go and in which protocol is said by OpenTelemetry's own
// environment variables. What happened is printed as one line of JSON.
'use strict';

const { NodeSDK } = require('@opentelemetry/sdk-node');
const { getNodeAutoInstrumentations } = require('@opentelemetry/auto-instrumentations-node');

const sdk = new NodeSDK({ instrumentations: [getNodeAutoInstrumentations()] });
sdk.start();

// After start, or it is not instrumented.
const http = require('node:http');

const server = http.createServer((req, res) => {
  res.statusCode = req.url.startsWith('/missing') ? 404 : 200;
  res.end('here you are\n');
});

function get(url) {
  return new Promise((resolve, reject) => {
    http.get(url, (res) => {
      res.resume();
      res.on('end', () => resolve(res.statusCode));
    }).on('error', reject);
  });
}

async function main() {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const base = `http://127.0.0.1:${port}`;
  const statuses = [await get(`${base}/items/7?q=1`), await get(`${base}/missing`)];
  await new Promise((resolve) => server.close(resolve));
  await sdk.shutdown(); // sends what is batched
  console.log(JSON.stringify({ port, statuses }));
}

main().catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
