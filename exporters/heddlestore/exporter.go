package heddlestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// StorageExtension is what the exporter needs of the extension it is told to
// write to. heddle_storage has it.
type StorageExtension interface {
	// Store returns the store to write to. It may be called once
	// pipelines start.
	Store() storage.Store
}

type storeExporter struct {
	config *Config
	signal Signal
	store  storage.Store // set by start
}

func newStoreExporter(cfg *Config, s Signal) *storeExporter {
	return &storeExporter{config: cfg, signal: s}
}

func (e *storeExporter) start(_ context.Context, host component.Host) error {
	found, ok := host.GetExtensions()[e.config.Storage]
	if !ok {
		return fmt.Errorf("storage: there is no extension %q: configure it under extensions and list it in service::extensions", e.config.Storage)
	}
	ext, ok := found.(StorageExtension)
	if !ok {
		return fmt.Errorf("storage: the extension %q holds no store: name one of type heddle_storage", e.config.Storage)
	}
	store := ext.Store()
	can := store.Capabilities()
	if e.signal == SignalLogs && !can.Logs || e.signal == SignalMetrics && !can.Metrics {
		return fmt.Errorf("the store does not keep %s: take heddlestore out of the %s pipelines or send them elsewhere", e.signal, e.signal)
	}
	e.store = store
	return nil
}

func (e *storeExporter) pushTraces(ctx context.Context, td ptrace.Traces) error {
	outcome, err := e.store.Spans().WriteSpans(ctx, td)
	return e.finish(ctx, outcome, err)
}

func (e *storeExporter) pushLogs(ctx context.Context, ld plog.Logs) error {
	outcome, err := e.store.Logs().WriteLogs(ctx, ld)
	return e.finish(ctx, outcome, err)
}

func (e *storeExporter) pushMetrics(ctx context.Context, md pmetric.Metrics) error {
	outcome, err := e.store.Metrics().WriteMetrics(ctx, md)
	return e.finish(ctx, outcome, err)
}

func (e *storeExporter) finish(ctx context.Context, outcome storage.Outcome, err error) error {
	if err == nil {
		report(ctx, e.signal, outcome)
		return nil
	}
	switch {
	case errors.Is(err, storage.ErrOverloaded):
		reportOverload(ctx, err, e.config.RetryAfter)
		return overloaded(err, e.config.RetryAfter)
	case errors.Is(err, storage.ErrClosed), ctx.Err() != nil:
		return err // retryable: another try may find a store that is open, or more time
	}
	return consumererror.NewPermanent(err)
}

// overloaded is RESOURCE_EXHAUSTED with RetryInfo, which the OTLP receiver
// hands on as it is over gRPC and as 429 with Retry-After over HTTP.
func overloaded(err error, after time.Duration) error {
	s, detailErr := status.New(codes.ResourceExhausted, err.Error()).
		WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	if detailErr != nil {
		return errors.Join(err, detailErr)
	}
	return &overloadError{status: s, err: err}
}

// overloadError is a gRPC status that still unwraps to what caused it.
type overloadError struct {
	status *status.Status
	err    error
}

func (e *overloadError) Error() string              { return e.err.Error() }
func (e *overloadError) GRPCStatus() *status.Status { return e.status }
func (e *overloadError) Unwrap() error              { return e.err }
