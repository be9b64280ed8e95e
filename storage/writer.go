package storage

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// SpanWriter stores spans.
type SpanWriter interface {
	// WriteSpans stores every valid span of td.
	//
	// A nil error is an acknowledgement: the accepted spans are visible to
	// readers and as durable as the backend's Capabilities say. With an error
	// nothing of td was stored; one that wraps ErrOverloaded may be retried.
	//
	// Invalid spans (see Limits.CheckSpan; the backend may refuse more for its
	// own limits) and all spans of an invalid resource or scope (see
	// Limits.CheckAttributes) are not stored and are told in the Outcome; they never keep the good ones beside them from being stored.
	// The writer must not keep td or memory that belongs to it.
	//
	// Safe for concurrent use.
	WriteSpans(ctx context.Context, td ptrace.Traces) (Outcome, error)
}

// LogWriter stores log records, with the obligations of SpanWriter.
type LogWriter interface {
	WriteLogs(ctx context.Context, ld plog.Logs) (Outcome, error)
}

// MetricWriter stores metric points, with the obligations of SpanWriter.
type MetricWriter interface {
	WriteMetrics(ctx context.Context, md pmetric.Metrics) (Outcome, error)
}

// Outcome says what became of the records of one write.
type Outcome struct {
	Accepted int         // stored
	Repaired int         // stored after text of theirs, their resource or scope that was not UTF-8 was replaced by U+FFFD; part of Accepted
	Rejected []Rejection // not stored, one entry a reason; nil when none
}

// Rejection counts the records that were refused for one reason.
type Rejection struct {
	Reason  Reason
	Count   int
	Example string // what was wrong with the first of them, for the sender to read
}

// RejectedCount is the number of records not stored.
func (o Outcome) RejectedCount() (n int) {
	for _, r := range o.Rejected {
		n += r.Count
	}
	return n
}

// Reject adds one refused record.
func (o *Outcome) Reject(reason Reason, example string) {
	for i := range o.Rejected {
		if o.Rejected[i].Reason == reason {
			o.Rejected[i].Count++
			return
		}
	}
	o.Rejected = append(o.Rejected, Rejection{Reason: reason, Count: 1, Example: example})
}

// Reason says why a record was refused. It is a label value in /metrics.
type Reason string

const (
	ReasonNoTraceID  Reason = "empty_trace_id"
	ReasonNoSpanID   Reason = "empty_span_id"
	ReasonTimeRange  Reason = "time_out_of_range"
	ReasonTooLarge   Reason = "too_large"
	ReasonTooManyKey Reason = "too_many_attributes"
)

// OTLPWriter takes OTLP requests as they came over the wire, without pdata in
// between. A SpanStore or LogStore may have it; each takes the requests of its
// own signal: ExportTraceServiceRequest, ExportLogsServiceRequest.
type OTLPWriter interface {
	// WriteOTLP stores every valid record of r, with the obligations of
	// SpanWriter.WriteSpans. It must leave the same contents as unmarshalling
	// r with pdata and writing that.
	//
	// An error that wraps ErrMalformed says that r is no such request: nothing
	// of it was stored and another try will not help.
	WriteOTLP(ctx context.Context, r OTLPRequest) (Outcome, error)
}

// OTLPRequest is an export request. The caller owns its memory and must not
// change it until WriteOTLP returns; the writer keeps nothing of it.
type OTLPRequest struct {
	// Body is the protobuf message, decompressed.
	Body []byte
	// Wire is Body as it arrived, in the Encoding that the sender chose, so
	// that a log of requests need not compress what came compressed. nil when
	// it came plain, or in JSON.
	Wire []byte
	// Encoding names how Wire is compressed, as in Content-Encoding: "gzip",
	// "zstd" or "snappy" (the block format). Empty when Wire is nil.
	Encoding string
}
