package demo

import (
	"context"
	"strings"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
)

func TestSendDeliversTheSameEveryTime(t *testing.T) {
	transports(t, func(t *testing.T, protocol string, start func(*receiver) string) {
		cfg := DefaultConfig()
		cfg.Protocol, cfg.Rate = protocol, 50
		var first Sent
		for try := range 2 {
			r := &receiver{}
			cfg.Endpoint = start(r)
			sent, err := Send(t.Context(), cfg, testStart, 3000, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, spans := r.seen(); spans != sent.Spans || spans < 3000 {
				t.Errorf("%d spans arrived, %d were sent, want at least 3000", spans, sent.Spans)
			}
			if sent.StartNs != testStart || sent.EndNs <= testStart || sent.Bytes < 100*int64(sent.Spans) {
				t.Errorf("sent %+v", sent)
			}
			if try == 0 {
				first = sent
			} else if sent != first {
				t.Errorf("sent %+v, the first time %+v", sent, first)
			}
		}
	})
}

func TestSendGathersRequests(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Rate = 5
	seen := map[int]int{} // spans by the least of a request
	for _, gather := range []int{0, 1, 1000} {
		r := &receiver{}
		cfg.Endpoint = startGRPC(t, r)
		sent, err := Send(t.Context(), cfg, testStart, 3000, gather)
		if err != nil {
			t.Fatal(err)
		}
		requests, spans := r.seen()
		if seen[gather] = spans; spans != sent.Spans || spans != seen[0] {
			t.Errorf("%d spans arrived, %d were sent, %d without gathering", spans, sent.Spans, seen[0])
		}
		if few := requests <= spans/1000+1; few != (gather == 1000) {
			t.Errorf("%d spans came in %d requests, gathered by %d", spans, requests, gather)
		}
	}
}

func TestSendWantsEverySpanAccepted(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Rate = 50
	cfg.Endpoint = startGRPC(t, &receiver{answer: func(n int) (*collectorpb.ExportTraceServiceResponse, error) {
		return &collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: "not this one"}}, nil
	}})
	if _, err := Send(t.Context(), cfg, testStart, 100, 0); err == nil || !strings.Contains(err.Error(), "not this one") {
		t.Errorf("Send: %v, want what the receiver said", err)
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Endpoint = startGRPC(t, &receiver{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Send(ctx, cfg, testStart, 1<<30, 0); err == nil {
		t.Error("Send succeeded although it was to end")
	}
	cfg.Rate = -1
	if _, err := Send(t.Context(), cfg, testStart, 1, 0); err == nil || !strings.Contains(err.Error(), "--rate") {
		t.Errorf("Send with a bad rate: %v", err)
	}
}
