// Package tempo serves the query API of Grafana Tempo over HTTP and gRPC: what
// Grafana's Tempo data source, Traces Drilldown, Kiali and scripts call.
//
// The routes, all below the path that the handler is mounted at:
//
//	GET /ready, /status, /status/{anything}, /api/echo, /api/status/buildinfo
//	GET /api/traces/{id}, /api/v2/traces/{id}          ?start=&end=&q=&keep_hierarchy=&ancestor_depth=&match_depth=
//	GET /api/search                                    ?q= or ?tags=, minDuration=&maxDuration=&limit=&spss=&start=&end=
//	GET /api/search/tags, /api/v2/search/tags          ?scope=&q=&limit=&start=&end=
//	GET /api/search/tag/{tag}/values, /api/v2/…        ?q=&limit=&start=&end=
//	GET /api/metrics/query_range                       ?q=&start=&end=&since=&step=&exemplars=
//	GET /api/metrics/query                             ?q=&start=&end=&since=
//
// The gRPC service is tempopb.StreamingQuerier; Register adds it to a server.
//
// # Answers
//
// Every answer is JSON as protobuf's mapping has it: 64-bit integers are
// strings, ids inside of a trace are base64. In search results they are hex,
// and trace ids there have no leading zeros. With "Accept: application/protobuf"
// the same message comes in protobuf. Lists are there even when they are empty,
// and samples even when they are zero.
//
// A search finds traces by the start of their matching spans, newest first, and
// says of each what the whole trace says: root, start, duration and counts
// agree with the trace when it is opened. Both spanSet and spanSets are always
// set and never empty.
//
// What an answer lacks it says: status is PARTIAL and message has the reason,
// also where Tempo has no such field.
//
// # Time
//
// start and end of a search are Unix seconds and both included: a span that
// was written in the second in which a client asks is found. Without them
// everything that is stored is searched. Metrics take seconds, milliseconds,
// microseconds, nanoseconds or RFC 3339 and default to the last hour; ranges
// are aligned to the step, so that a graph does not flicker when it is
// refreshed. A sample has the time at which its step begins.
//
// # Traces
//
// Traces are rebuilt by package trace. Identical duplicates are folded; the
// server half of a span id that client and server share gets an id of its own,
// because Grafana needs unique ids; parents are those that reconstruction
// chose. A trace that is not stored is 404 without a body in the first version
// of the API and an empty trace in the second: Grafana tells both apart by that.
// Every batch of the JSON has one scope, because Kiali reads no other.
//
// With q a trace has only the spans that the query selects in it, in both
// versions, and their ancestors, so that it is a tree still; any query that finds
// traces will do. keep_hierarchy=false leaves the ancestors out, ancestor_depth
// all but as many levels. match_depth adds as many levels of descendants (0
// unless it is given); -1 is all levels. Parents that are left out are named all
// the same. Without q these parameters have no effect: all of the trace is shown.
//
// # Errors
//
// Errors are plain text with a 4xx or 5xx code; the text says what to do.
package tempo
