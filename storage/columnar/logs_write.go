package columnar

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp"
)

// logStore is the log side of a Store.
type logStore struct{ s *Store }

var (
	_ storage.LogStore   = logStore{}
	_ storage.OTLPWriter = logStore{}
)

// WriteLogs encodes ld and stores it like a request.
func (w logStore) WriteLogs(ctx context.Context, ld plog.Logs) (storage.Outcome, error) {
	body, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	if err != nil {
		return storage.Outcome{}, fmt.Errorf("columnar: encode log records: %w", err)
	}
	return w.write(ctx, storage.OTLPRequest{Body: body}, codecData)
}

func (w logStore) WriteOTLP(ctx context.Context, r storage.OTLPRequest) (storage.Outcome, error) {
	return w.write(ctx, r, 0)
}

func (w logStore) write(ctx context.Context, from storage.OTLPRequest, form codec) (storage.Outcome, error) {
	if err := w.s.begin(ctx); err != nil {
		return storage.Outcome{}, err
	}
	defer w.s.calls.Done()
	r := logRequests.Get().(*logRequest)
	defer r.release()
	if err := r.decode(from.Body, form); err != nil {
		return storage.Outcome{}, fmt.Errorf("columnar: write log records: %w", err)
	}
	admit(r, &r.data.Message, "log record", w.s.opts)
	return w.s.store(ctx, r, from, form)
}

// decode reads a body in one of the forms that requests have.
func (r *logRequest) decode(body []byte, form codec) error {
	if form&codecData != 0 {
		return r.data.DecodeData(body)
	}
	return r.data.Decode(body)
}

// logRequest is a write of log records.
type logRequest struct {
	data     otlp.Logs
	admitted admission
}

var logRequests = sync.Pool{New: func() any { return new(logRequest) }}

func (r *logRequest) release() {
	if r.data.Release() <= pooledBytes {
		r.admitted.reset()
		logRequests.Put(r)
	}
}

func (r *logRequest) signal() storage.Signal { return storage.SignalLogs }
func (r *logRequest) admission() *admission  { return &r.admitted }
func (r *logRequest) head(s *Store) anyHead  { return s.logs }
func (r *logRequest) put(s *Store, p part)   { s.logs.open.appendPart(r, p) }

func (r *logRequest) check(l storage.Limits, record uint32) (reason storage.Reason, detail string, ok bool) {
	return r.data.Check(l, &r.data.Records[record])
}

func (r *logRequest) cost(record uint32) int64 {
	from := &r.data.Records[record]
	return int64(recordCost + from.TextBytes() + attrCost*(1+len(r.data.Attrs(from))))
}

func (r *logRequest) count(s *Store) {
	count(r.admitted.out, &s.stats.AcceptedLogs, &s.stats.RepairedLogs, s.stats.RejectedLogs)
}

// appendPart adds the admitted records of a part.
func (b *logBuilder) appendPart(r *logRequest, p part) {
	var origin uint32
	r.admitted.each(p,
		func(g *group) { origin = b.origins.add(g.resource, g.scope) },
		func(i uint32) bool { return b.append(&r.data, &r.data.Records[i], origin) })
}
