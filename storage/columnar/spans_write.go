package columnar

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp"
)

// spanStore is the span side of a Store.
type spanStore struct{ s *Store }

var (
	_ storage.SpanStore  = spanStore{}
	_ storage.OTLPWriter = spanStore{}
)

// WriteSpans encodes td and stores it like a request: there is one way in.
func (w spanStore) WriteSpans(ctx context.Context, td ptrace.Traces) (storage.Outcome, error) {
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		return storage.Outcome{}, fmt.Errorf("columnar: encode spans: %w", err)
	}
	return w.write(ctx, storage.OTLPRequest{Body: body}, codecData)
}

func (w spanStore) WriteOTLP(ctx context.Context, r storage.OTLPRequest) (storage.Outcome, error) {
	return w.write(ctx, r, 0)
}

func (w spanStore) write(ctx context.Context, from storage.OTLPRequest, form codec) (storage.Outcome, error) {
	if err := w.s.begin(ctx); err != nil {
		return storage.Outcome{}, err
	}
	defer w.s.calls.Done()
	r := spanRequests.Get().(*spanRequest)
	defer r.release()
	if err := r.decode(from.Body, form); err != nil {
		return storage.Outcome{}, fmt.Errorf("columnar: write spans: %w", err)
	}
	admit(r, &r.data.Message, "span", w.s.opts)
	return w.s.store(ctx, r, from, form)
}

// decode reads a body in one of the forms that requests have.
func (r *spanRequest) decode(body []byte, form codec) error {
	if form&codecData != 0 {
		return r.data.DecodeData(body)
	}
	return r.data.Decode(body)
}

// spanRequest is a write of spans.
type spanRequest struct {
	data     otlp.Spans
	admitted admission
}

var spanRequests = sync.Pool{New: func() any { return new(spanRequest) }}

func (r *spanRequest) release() {
	if r.data.Release() <= pooledBytes {
		r.admitted.reset()
		spanRequests.Put(r)
	}
}

func (r *spanRequest) signal() storage.Signal { return storage.SignalSpans }
func (r *spanRequest) admission() *admission  { return &r.admitted }
func (r *spanRequest) head(s *Store) anyHead  { return s.spans }
func (r *spanRequest) put(s *Store, p part)   { s.spans.open.appendPart(r, p) }

func (r *spanRequest) check(l storage.Limits, span uint32) (reason storage.Reason, detail string, ok bool) {
	return r.data.Check(l, &r.data.Spans[span])
}

func (r *spanRequest) cost(span uint32) int64 {
	s := &r.data.Spans[span]
	attrs, children := r.data.Counts(s)
	return int64(recordCost + s.TextBytes() + attrCost*attrs + childCost*children)
}

func (r *spanRequest) count(s *Store) {
	count(r.admitted.out, &s.stats.AcceptedSpans, &s.stats.RepairedSpans, s.stats.RejectedSpans)
}

// appendPart adds the admitted spans of a part.
func (b *spanBuilder) appendPart(r *spanRequest, p part) {
	var origin uint32
	r.admitted.each(p,
		func(g *group) { origin = b.origins.add(g.resource, g.scope) },
		func(i uint32) bool { return b.append(&r.data, &r.data.Spans[i], origin) })
}
