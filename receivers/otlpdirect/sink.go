package otlpdirect

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/heddle-io/heddle/storage"
)

// request is an export request, whose memory belongs to the transport.
type request struct {
	storage.OTLPRequest
	json bool // Body is the JSON form, and Wire of no use to a store
}

// sink is where the requests of one signal go.
type sink interface {
	// take takes a request and counts its records with o. The outcome tells
	// what is to be told to the sender of a request that was taken. An error
	// is a *malformedError or what upstream's receiver gets from a pipeline.
	take(ctx context.Context, o observer, r request) (storage.Outcome, error)
}

// malformedError says that a body is not what it should be.
type malformedError struct{ err error }

func (e *malformedError) Error() string { return e.err.Error() }
func (e *malformedError) Unwrap() error { return e.err }

// storeSink hands requests to a store as they are.
type storeSink struct {
	writer     storage.OTLPWriter
	retryAfter time.Duration
}

func (s *storeSink) take(ctx context.Context, o observer, r request) (storage.Outcome, error) {
	if r.json {
		body, err := o.signal.asProto(r.Body)
		if err != nil {
			return storage.Outcome{}, &malformedError{err}
		}
		r.OTLPRequest = storage.OTLPRequest{Body: body}
	}
	if len(r.Body) == 0 { // a message without any field
		return storage.Outcome{}, nil
	}
	ctx = o.begin(ctx)
	outcome, err := s.writer.WriteOTLP(ctx, r.OTLPRequest)
	switch {
	case err == nil:
		o.end(ctx, outcome.Accepted+outcome.RejectedCount(), nil)
		return outcome, nil
	case errors.Is(err, storage.ErrMalformed):
		o.end(ctx, 0, err) // like upstream, which cannot count what it cannot read
		return storage.Outcome{}, &malformedError{err}
	}
	refused := o.signal.count(r.Body)
	if refused == 0 { // there was nothing to take
		o.end(ctx, 0, nil)
		return storage.Outcome{}, nil
	}
	err = s.refusal(ctx, err)
	o.end(ctx, refused, err)
	return storage.Outcome{}, err
}

// refusal is err as the exporter to the same store would return it.
func (s *storeSink) refusal(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, storage.ErrOverloaded):
		return overloaded(err, s.retryAfter)
	case errors.Is(err, storage.ErrClosed), ctx.Err() != nil:
		return err // retryable: another try may find a store that is open, or more time
	}
	return consumererror.NewPermanent(err)
}

// pipelineSink reads a request into pdata. It returns the number of records in
// it and what hands them to the pipeline.
type pipelineSink func(r request) (records int, consume func(context.Context) error, err error)

func (read pipelineSink) take(ctx context.Context, o observer, r request) (storage.Outcome, error) {
	records, consume, err := read(r)
	if err != nil {
		return storage.Outcome{}, &malformedError{err}
	}
	if records == 0 {
		return storage.Outcome{}, nil
	}
	ctx = o.begin(ctx)
	err = consume(ctx)
	o.end(ctx, records, err)
	return storage.Outcome{}, err
}

// unmarshal reads r into one of pdata's requests.
func (r request) unmarshal(into interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}) error {
	if r.json {
		return into.UnmarshalJSON(r.Body)
	}
	return into.UnmarshalProto(r.Body)
}

func tracesInto(next consumer.Traces) pipelineSink {
	return func(r request) (int, func(context.Context) error, error) {
		export := ptraceotlp.NewExportRequest()
		err := r.unmarshal(export)
		td := export.Traces()
		return td.SpanCount(), func(ctx context.Context) error { return next.ConsumeTraces(ctx, td) }, err
	}
}

func logsInto(next consumer.Logs) pipelineSink {
	return func(r request) (int, func(context.Context) error, error) {
		export := plogotlp.NewExportRequest()
		err := r.unmarshal(export)
		ld := export.Logs()
		return ld.LogRecordCount(), func(ctx context.Context) error { return next.ConsumeLogs(ctx, ld) }, err
	}
}

func metricsInto(next consumer.Metrics) pipelineSink {
	return func(r request) (int, func(context.Context) error, error) {
		export := pmetricotlp.NewExportRequest()
		err := r.unmarshal(export)
		md := export.Metrics()
		return md.DataPointCount(), func(ctx context.Context) error { return next.ConsumeMetrics(ctx, md) }, err
	}
}
