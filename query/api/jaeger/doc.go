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
//	GET  /api/v3/traces?query.filter=(instead of service, operation, durations and attributes)&query.startTimeMin=&query.startTimeMax=…
//	GET  /api/v3/trace-summaries?(the same)&query.pagination.pageSize=&query.pagination.pageToken=
//	GET  /api/v3/spans?query.filter=&query.startTimeMin=&query.startTimeMax=&query.orderBy=&query.pagination.pageSize=&query.pagination.pageToken=
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
//	jaeger.api_v3.QueryService
//	jaeger.api_v3.Capabilities
//	jaeger.storage.v2.TraceReader     what a Jaeger asks whose storage is here
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
// with the newest matches, exactly, and come in that order, those with equal
// ones by their ids. A filter says more than the other fields can: alternatives,
// ranges, types, levels, one event of several. Package filter says what it means.
//
// A search for spans answers with the matching spans themselves, as they are
// stored, identical duplicates folded: newest first and then by trace and span
// id, or as its order_by says. Without a page size a page has 100 of them.
// Spans of one resource and scope stand together only where they follow each
// other.
//
// Pages of summaries, ids and spans visit each once; what is written meanwhile
// may be missed. A token may only be sent with the question that it came from.
//
// A search or trace that cannot be read to its end says so: by the code of the
// call, by an error in place of the answer or, when a part of it is sent already,
// by a broken connection.
//
// With prettyPrint an answer is indented, unless it has more than 8 MiB.
//
// # Archive
//
// A trace that was archived is found by its id, in every API; what retention has
// taken of it in the store is put back from there. No search, list or graph looks
// into the archive, as with Jaeger, whose archive is a storage of its own: what
// people chose to keep is no picture of what happened.
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
// # What is otherwise than in Jaeger
//
//   - v1's search needs no service. Without one every span is searched, as by v2,
//     v3 and the storage protocol; Jaeger's v1 answers 400 or leaves it to the
//     store.
//   - Filters are always served. Jaeger has them behind a gate, and its query
//     service refuses anchors, word boundaries, lazy quantifiers and flags in
//     patterns, which are served here.
//   - Everything that a filter can say is answered, over HTTP and gRPC: there is
//     no field, level or operator that is valid and unsupported.
//   - GET /api/v3/dependencies is served; Jaeger has it in the protocol only.
//   - The end of v1's and v2's windows is inclusive, as in Jaeger's stores.
//   - The content type of errors is application/json, see below.
//   - A page of spans that is larger than MaxSpans is cut there, with a token.
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
