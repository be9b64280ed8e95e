function hex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (b) => b.toString(16).padStart(2, '0')).join('');
}

/** A command that stores one span when it is pasted into a shell. */
export function firstSpanCommand(): string {
  const span = {
    traceId: hex(16),
    spanId: hex(8),
    name: 'hello heddle',
    kind: 2,
    startTimeUnixNano: 'START',
    endTimeUnixNano: 'END',
    status: { code: 1 },
  };
  const body = {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'first-service' } }] },
        scopeSpans: [{ spans: [span] }],
      },
    ],
  };
  // The shell puts the time in, so that the command stays good for later.
  const json = JSON.stringify(body)
    .replace('"START"', `"'"$(date +%s)"'000000000"`)
    .replace('"END"', `"'"$(date +%s)"'250000000"`);
  return `curl http://localhost:4318/v1/traces -H 'Content-Type: application/json' -d '${json}'`;
}
