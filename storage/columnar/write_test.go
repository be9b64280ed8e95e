package columnar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp/otlptest"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// asRequests is a store whose writers get requests, encoded as SDKs do.
type asRequests struct{ *Store }

func (s asRequests) Spans() storage.SpanStore { return spansAsRequests{spanStore{s.Store}} }
func (s asRequests) Logs() storage.LogStore   { return logsAsRequests{logStore{s.Store}} }

type spansAsRequests struct{ spanStore }

func (w spansAsRequests) WriteSpans(ctx context.Context, td ptrace.Traces) (storage.Outcome, error) {
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		return storage.Outcome{}, err
	}
	body = otlptest.Ascending(body)
	defer clear(body) // the writer keeps nothing of it
	return w.WriteOTLP(ctx, storage.OTLPRequest{Body: body})
}

type logsAsRequests struct{ logStore }

func (w logsAsRequests) WriteLogs(ctx context.Context, ld plog.Logs) (storage.Outcome, error) {
	body, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	if err != nil {
		return storage.Outcome{}, err
	}
	body = otlptest.AscendingLogs(body)
	defer clear(body)
	return w.WriteOTLP(ctx, storage.OTLPRequest{Body: body})
}

func TestConformanceOfRequests(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return asRequests{open(t, Options{SealRows: 200})} })
}

// tight are limits that some random records exceed.
var tight = Options{SealRows: 40, Limits: storage.Limits{ValueBytes: 200, Attributes: 5, Events: 1}}

// twins are two stores that must stay the same: one gets requests, the other
// what pdata makes of them.
type twins struct {
	t              *testing.T
	direct, parsed *Store
}

func newTwins(t *testing.T) twins { return twins{t, open(t, tight), open(t, tight)} }

func (w twins) spans(body []byte) {
	w.t.Helper()
	req := ptraceotlp.NewExportRequest()
	bad := req.UnmarshalProto(body)
	got, err := spanStore{w.direct}.WriteOTLP(context.Background(), storage.OTLPRequest{Body: body})
	if w.refused(bad, got, err) {
		return
	}
	want, err := w.parsed.Spans().WriteSpans(context.Background(), req.Traces())
	if err != nil || !reflect.DeepEqual(got, want) {
		w.t.Fatalf("request %x: got %+v, pdata %+v, %v", body, got, want, err)
	}
}

func (w twins) logs(body []byte) {
	w.t.Helper()
	req := plogotlp.NewExportRequest()
	bad := req.UnmarshalProto(body)
	got, err := logStore{w.direct}.WriteOTLP(context.Background(), storage.OTLPRequest{Body: body})
	if w.refused(bad, got, err) {
		return
	}
	want, err := w.parsed.Logs().WriteLogs(context.Background(), req.Logs())
	if err != nil || !reflect.DeepEqual(got, want) {
		w.t.Fatalf("request %x: got %+v, pdata %+v, %v", body, got, want, err)
	}
}

// refused says whether pdata refuses a request, and checks that the store does
// so as well.
func (w twins) refused(bad error, got storage.Outcome, err error) bool {
	w.t.Helper()
	if bad == nil && err == nil {
		return false
	}
	if bad == nil || !errors.Is(err, storage.ErrMalformed) || got.Accepted != 0 || got.Rejected != nil {
		w.t.Fatalf("got %v, pdata %v", err, bad)
	}
	return true
}

// same compares everything that the two stores hold and tell.
func (w twins) same() {
	w.t.Helper()
	got, want := w.direct.Stats(), w.parsed.Stats()
	got.Bytes, want.Bytes = 0, 0
	if !reflect.DeepEqual(got, want) {
		w.t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	if got, want := contents(w.t, w.direct), contents(w.t, w.parsed); got != want {
		w.t.Fatalf("the stores differ:\n%s\n%s", got, want)
	}
}

// contents writes down everything that a store holds.
func contents(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	var ids []storage.TraceID
	for _, placed := range s.spans.view() {
		table := placed.table
		ids = append(ids, table.traceIDs...)
	}
	slices.SortFunc(ids, func(a, b storage.TraceID) int { return bytes.Compare(a[:], b[:]) })
	for spans, err := range s.Spans().Traces(context.Background(), slices.Compact(ids)) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%+v\n", *spans)
	}
	for logs, err := range s.Logs().ScanLogs(context.Background(), storage.LogScan{Window: storage.AllTime()}) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%+v\n", *logs)
	}
	return b.String()
}

func TestRequestsLeaveWhatPdataLeaves(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	for range 12 {
		w := newTwins(t)
		for round := range 25 {
			spans, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(otlptest.Traces(r, r.IntN(20)))
			if err != nil {
				t.Fatal(err)
			}
			w.spans(spans)
			w.spans(otlptest.Ascending(spans))
			w.spans(otlptest.Hostile(r, spans, round%4 > 0))
			logs, err := (&plog.ProtoMarshaler{}).MarshalLogs(otlptest.Logs(r, r.IntN(20)))
			if err != nil {
				t.Fatal(err)
			}
			w.logs(logs)
			w.logs(otlptest.AscendingLogs(logs))
			w.logs(otlptest.HostileLogs(r, logs, round%4 > 0))
		}
		w.same()
	}
}

func TestMalformedRequestLeavesNothing(t *testing.T) {
	s := open(t, Options{})
	td := newMesh().request(2, 8)
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]storage.OTLPWriter{"spans": spanStore{s}, "logs": logStore{s}} {
		out, err := w.WriteOTLP(context.Background(), storage.OTLPRequest{Body: body[:len(body)-1]})
		if !errors.Is(err, storage.ErrMalformed) || !strings.Contains(err.Error(), "record") {
			t.Errorf("%s: got %v, want ErrMalformed that names the place", name, err)
		}
		if st := s.Stats(); !reflect.DeepEqual(out, storage.Outcome{}) || st.Spans+st.Logs+st.AcceptedSpans+st.AcceptedLogs != 0 {
			t.Errorf("%s: %+v and %+v", name, out, st)
		}
	}
	if out, err := (spanStore{s}).WriteOTLP(context.Background(), storage.OTLPRequest{Body: body}); err != nil || out.Accepted != 16 {
		t.Errorf("a good request after a bad one: %+v, %v", out, err)
	}
}

// TestRequestsStayWhole: a table holds whole requests, and is sealed with the
// first one that fills it.
func TestRequestsStayWhole(t *testing.T) {
	s, m := open(t, Options{SealRows: 100}), newMesh()
	for range 5 {
		write(t, s, m.request(2, 32))
	}
	var rows []int
	for _, table := range s.spans.sealed {
		rows = append(rows, table.table.n)
	}
	if !slices.Equal(rows, []int{128, 128}) || s.spans.open.len() != 64 {
		t.Errorf("tables of %v rows and %d in the builder, want 128, 128 and 64", rows, s.spans.open.len())
	}
}

// TestGiantRequestGoesInParts: what is too large for a builder is split between
// records, and nothing gets lost or stored twice.
func TestGiantRequestGoesInParts(t *testing.T) {
	s := open(t, Options{MaxBytes: 8 << 20})
	td := newMesh().request(100, 32)
	r := &spanRequest{}
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.data.Decode(body); err != nil {
		t.Fatal(err)
	}
	r.data.Spans[7].SpanID = storage.SpanID{} // rejected
	admit(r, &r.data.Message, "span", s.opts)
	if len(r.admitted.parts) < 3 {
		t.Fatalf("%d parts: this test wants more", len(r.admitted.parts))
	}
	sum, from := int64(0), uint32(0)
	for _, p := range r.admitted.parts {
		if p.size > s.opts.recordBytes() || p.records.From < from || p.records.To <= p.records.From {
			t.Errorf("part %+v after record %d, the limit is %d", p, from, s.opts.recordBytes())
		}
		sum, from = sum+p.size, p.records.To
	}
	out, err := s.store(context.Background(), r, storage.OTLPRequest{}, 0)
	if err != nil || sum != r.admitted.total || out.Accepted != 3199 || out.RejectedCount() != 1 {
		t.Errorf("got %+v, %v, size %d of %d", out, err, sum, r.admitted.total)
	}
	if n := scanned(t, s, nil); n != 3199 || s.Stats().EvictedSpans != 0 {
		t.Errorf("%d spans are stored, want 3199", n)
	}
}

// TestCostIsAnUpperBound: a request takes no more than it was admitted with,
// spare capacity aside.
func TestCostIsAnUpperBound(t *testing.T) {
	s := open(t, Options{})
	r := &spanRequest{}
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(newMesh().request(100, 32))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.data.Decode(body); err != nil {
		t.Fatal(err)
	}
	before := s.Stats().Bytes
	admit(r, &r.data.Message, "span", s.opts)
	if _, err := s.store(context.Background(), r, storage.OTLPRequest{}, 0); err != nil {
		t.Fatal(err)
	}
	if took := s.Stats().Bytes - before; took > uint64(r.admitted.total) {
		t.Errorf("the request took %d bytes, it was admitted with %d", took, r.admitted.total)
	}
}

func FuzzWriteOTLP(f *testing.F) {
	f.Add([]byte("\x0a\x29\x12\x27\x12\x25\x0a\x10AAAAAAAAAAAAAAAA\x12\x08BBBBBBBB\x4a\x07\x0a\x01k\x12\x02\x18\x05"))
	f.Add([]byte("\x0a\x1b\x12\x19\x12\x17\x4a\x0f\x12\x0a\x2a\x08\x0a\x06\x0a\x04text\x0a\x01k\x0a\x02id"))
	f.Add([]byte("\x0a\x0f\x12\x0d\x12\x0b\x2a\x03\x0a\x01x\x32\x04\x0a\x00\x12\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 4*storage.MaxAnyDepth {
			return // may nest deeper than is looked into, where pdata finds damage
		}
		w := newTwins(t)
		w.spans(body)
		w.logs(body)
		w.same()
	})
}
