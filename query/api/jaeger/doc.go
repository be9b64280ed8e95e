// Package jaeger serves the Jaeger v1 query API over HTTP: the JSON that the
// Jaeger UI, Grafana's Jaeger data source, Kiali and scripts read.
//
// Stored spans are OpenTelemetry's. They are shown as Jaeger's own translation
// from OTLP shows them: microseconds, a process per distinct resource, tags for
// kind, status, scope and trace state, references for parent and links.
//
// The routes, all below the path that the handler is mounted at:
//
//	GET  /api/services
//	GET  /api/services/{service}/operations
//	GET  /api/operations?service=&spanKind=
//	GET  /api/traces?service=&operation=&start=&end=&limit=&minDuration=&maxDuration=&tag=&tags=&traceID=&raw=
//	GET  /api/traces/{traceID}?raw=
//	POST /api/archive/{traceID}
//	POST /api/transform
//	GET  /api/dependencies?endTs=&lookback=&service=
//	GET  /api/metrics/{latencies,calls,errors}?service=&quantile=&groupByOperation=&spanKind=&endTs=&lookback=&step=&ratePer=
//	GET  /api/metrics/minstep
//
// Jaeger's deep-dependencies and quality-metrics, which serve sample data
// there, are 404.
//
// # Reconstruction
//
// Traces are rebuilt by package trace before they are shown. Identical
// duplicates are folded, the server half of a span id that Zipkin shares
// between client and server gets an id of its own, because the Jaeger UI needs
// unique ids, and references point at the parent that reconstruction chose.
// What it found wrong is told in the warnings of the span. Recorded times are
// never changed. With raw=true a trace is shown as it is stored.
//
// # Errors
//
// Every error has Jaeger's JSON envelope as its body and, unlike Jaeger, which
// calls it text/plain, the content type application/json: the Jaeger UI,
// Grafana and Kiali parse the body whatever its type, generic clients and
// proxies go by the type.
//
// # Time
//
// A window of microseconds or milliseconds includes its last unit: a span that
// starts in the microsecond given as end is found, as with Jaeger's stores.
package jaeger
