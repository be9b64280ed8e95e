package e2e

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// TestOddSpans sends spans that are wrong but can be kept: they must be kept,
// and shown for what they are.
func TestOddSpans(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for protocol, send := range exports(s) {
		t.Run(protocol, func(t *testing.T) {
			t.Run("ends before it starts", func(t *testing.T) {
				odd := goodSpan()
				odd.end = odd.start - 5_000
				expectTaken(t, send(t, exportRequest("odd", odd)).PartialSuccess().RejectedSpans())
				id := fmt.Sprintf("%x", odd.traceID)
				if k := s.skeleton(t, id); k.flags[0]&flagEndsBeforeStart == 0 {
					t.Errorf("flags %b", k.flags[0])
				}
				if got := s.nativeTrace(t, id)[0].DurationNs; got != -5_000 {
					t.Errorf("duration %d, want it as it was sent", got)
				}
				if got := s.jaegerTrace(t, id).Spans[0]; got.Duration != 0 || len(got.Warnings) == 0 {
					t.Errorf("the Jaeger API shows duration %d, warnings %q", got.Duration, got.Warnings)
				}
			})
			t.Run("invalid UTF-8", func(t *testing.T) {
				odd := goodSpan()
				odd.name, odd.attributes = "caf\xe9", [][2]string{{"k\xff", "\xc3\x28"}, {"fine", "ß"}}
				s.rises(t, repairedSpans, []string{`store="main"`}, func() {
					expectTaken(t, send(t, exportRequest("odd \xfe service", odd)).PartialSuccess().RejectedSpans())
				})
				got := s.nativeTrace(t, fmt.Sprintf("%x", odd.traceID))[0]
				same(t, "what is shown", []any{got.Name, got.Service, got.Attributes},
					[]any{"caf\ufffd", "odd \ufffd service", []attr{textAttr("k\ufffd", "\ufffd("), textAttr("fine", "ß")}})
			})
			t.Run("its own parent", func(t *testing.T) {
				odd := goodSpan()
				odd.parent = odd.spanID
				expectTaken(t, send(t, exportRequest("odd", odd)).PartialSuccess().RejectedSpans())
				if got := len(s.nativeTrace(t, fmt.Sprintf("%x", odd.traceID))); got != 1 {
					t.Errorf("%d spans", got)
				}
			})
			t.Run("nothing at all", func(t *testing.T) {
				expectTaken(t, send(t, nil).PartialSuccess().RejectedSpans())
			})
			t.Run("twice the same", func(t *testing.T) {
				odd := goodSpan()
				for range 2 {
					expectTaken(t, send(t, exportRequest("odd", odd)).PartialSuccess().RejectedSpans())
				}
				id := fmt.Sprintf("%x", odd.traceID)
				if k := s.skeleton(t, id); k.header.Rows != 1 || k.header.Duplicates != 1 {
					t.Errorf("%d rows and %d duplicates, want 1 and 1", k.header.Rows, k.header.Duplicates)
				}
				if got := len(s.jaegerTrace(t, id).Spans); got != 1 {
					t.Errorf("the Jaeger API shows %d spans", got)
				}
			})
		})
	}
	s.expectWell(t)
}

func expectTaken(t *testing.T, rejected int64) {
	t.Helper()
	if rejected != 0 {
		t.Errorf("%d spans were rejected", rejected)
	}
}

// TestLargeTrace sends a trace of 100,000 spans, in one request and in ten,
// and demands all of them through both APIs.
func TestLargeTrace(t *testing.T) {
	t.Parallel()
	const spans, requests = 100_000, 10
	s := newServer(t)
	send := exports(s)
	for name, parts := range map[string]int{"one request": 1, "few requests": requests} {
		t.Run(name, func(t *testing.T) {
			trace := largeTrace(spans)
			for part := range parts {
				body := exportRequest(fmt.Sprint("large-", part%3), trace[part*spans/parts:(part+1)*spans/parts]...)
				protocol := []string{"HTTP", "gRPC"}[part%2]
				expectTaken(t, send[protocol](t, body).PartialSuccess().RejectedSpans())
			}
			id := fmt.Sprintf("%x", trace[0].traceID)
			k := s.skeleton(t, id)
			if k.header.Rows != spans || k.header.Roots != 1 || k.header.Orphans != 0 || k.header.Conflicts != 0 {
				t.Errorf("skeleton: %+v", k.header)
			}
			children := 0
			for _, parent := range k.parents {
				if parent >= 0 {
					children++
				}
			}
			if children != spans-1 {
				t.Errorf("%d spans have a parent, want all but one of %d", children, spans)
			}
			if got := len(s.jaegerTrace(t, id).Spans); got != spans {
				t.Errorf("the Jaeger API shows %d spans, want %d", got, spans)
			}
		})
	}
	s.expectWell(t)
	s.expectPeakBelow(t, 1<<30)
}

// largeTrace is a tree in which every span has ten children.
func largeTrace(n int) []wireSpan {
	root := goodSpan()
	list := make([]wireSpan, n)
	for i := range list {
		sp := root
		sp.spanID = binary.BigEndian.AppendUint64(nil, uint64(i+1))
		if i > 0 {
			sp.parent = binary.BigEndian.AppendUint64(nil, uint64((i-1)/10+1))
		}
		sp.name = "step " + strings.Repeat("x", i%5)
		sp.start += uint64(i)
		sp.attributes = [][2]string{{"index", fmt.Sprint(i)}}
		list[i] = sp
	}
	return list
}
