// Package jaeger serves Jaeger's query APIs: v1 and v3 over HTTP, which the
// Jaeger UI, Grafana's Jaeger data source, Kiali and scripts read; v2 and v3
// over gRPC; and the storage protocol, with which a Jaeger keeps its traces
// here. All find and show the same traces.
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
//	GET  /api/v3/services
//	GET  /api/v3/operations?service=&spanKind=
//	GET  /api/v3/traces/{trace_id}?startTime=&endTime=&rawTraces=
//	GET  /api/v3/traces?query.serviceName=&query.operationName=&query.startTimeMin=&query.startTimeMax=&query.durationMin=&query.durationMax=&query.searchDepth=&query.attributes=&query.rawTraces=
//	GET  /api/v3/trace-summaries?(the same)&query.pagination.pageSize=
//	GET  /api/v3/dependencies?startTime=&endTime=
//	GET  /api/v3/capabilities
//
// The parameters of v3 may be in snake case, too, as in query.service_name, and
// query.num_traces is another name of query.searchDepth.
//
// Jaeger's deep-dependencies and quality-metrics, which serve sample data
// there, are 404.
//
// # gRPC
//
// Handler.RegisterGRPC registers
//
//	jaeger.api_v2.QueryService        what Kiali asks
//	jaeger.api_v3.QueryService        without FindSpans
//	jaeger.api_v3.Capabilities
//	jaeger.storage.v2.TraceReader     what a Jaeger asks whose storage is here, without FindSpans
//	jaeger.storage.v2.DependencyReader
//	jaeger.storage.v2.Capabilities
//	opentelemetry.proto.collector.trace.v1.TraceService   where such a Jaeger writes to
//
// A message of a stream holds about a mebibyte of spans of one trace, or one
// span that is larger; the messages of a trace follow each other. Traces are
// fetched from the store some dozens at a time. OTLP is encoded once and sent
// as it is.
//
// # Searches
//
// A condition holds of one span; the answer is whole traces. They are those
// with the newest matches, exactly, and come in that order. Without a service
// every span is searched, in v1, too. Structured filters and further
// pages are not served, which the capabilities say: a request with one is
// refused, not answered without it.
//
// A search or trace that cannot be read to its end says so: by the code of the
// call, by an error in place of the answer or, when a part of a v3 answer is
// sent already, by a broken connection.
//
// # Reconstruction
//
// Traces are rebuilt by package trace before they are shown. Identical
// duplicates are folded, the server half of a span id that Zipkin shares
// between client and server gets an id of its own, because the Jaeger UI needs
// unique ids, and references point at the parent that reconstruction chose.
// What it found wrong is told in the warnings of the span. Recorded times are
// never changed. With raw=true a trace is shown as it is stored. In v3's OTLP
// warnings are the attribute @jaeger@warnings, as in Jaeger. The storage
// protocol always has traces as they are stored: the Jaeger that asks rebuilds
// them.
//
// # Errors
//
// Every error of v1 has Jaeger's JSON envelope as its body, one of v3 the object
// of gRPC gateways, and, unlike Jaeger, which
// calls it text/plain, the content type application/json: the Jaeger UI,
// Grafana and Kiali parse the body whatever its type, generic clients and
// proxies go by the type.
//
// # Time
//
// A window of microseconds or milliseconds includes its last unit: a span that
// starts in the microsecond given as end is found, as with Jaeger's stores. So
// does v2 with its last nanosecond. In v3 and the storage protocol the end is
// exclusive.
package jaeger
