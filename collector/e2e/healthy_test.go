package e2e

import (
	"crypto/rand"
	"debug/buildinfo"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// goodSpan is a span with nothing wrong about it, of a trace of its own.
func goodSpan() wireSpan {
	traceID, spanID := newTraceID(), newSpanID()
	now := uint64(time.Now().UnixNano())
	return wireSpan{traceID: traceID[:], spanID: spanID[:], name: "good", kind: 2, start: now, end: now + 1_000_000}
}

// expectWell demands that the server lives, says so, and takes a good span
// over every OTLP port.
func (s *server) expectWell(t *testing.T) {
	t.Helper()
	if s.ended() {
		t.Fatalf("heddle ended with %v:\n%s", s.cmd.ProcessState, s.output)
	}
	for _, path := range []string{"/-/healthy", "/-/ready"} {
		if res := s.get(t, path); res.code != http.StatusOK {
			t.Errorf("%s: status %d: %s", path, res.code, res.body)
		}
	}
	overHTTP, overGRPC := goodSpan(), goodSpan()
	if res := post(t, "http://"+s.otlpHTTP+"/v1/traces", exportRequest("well", overHTTP), "Content-Type", "application/x-protobuf"); res.code != http.StatusOK {
		t.Errorf("a good request over HTTP: status %d: %s", res.code, res.body)
	}
	if res := grpcCall(t, s.otlpGRPC, otlpExport, "", grpcFrame(0, exportRequest("well", overGRPC))); res.code != 0 {
		t.Errorf("a good request over gRPC: %v: %s", res.code, res.message)
	}
	for _, sp := range []wireSpan{overHTTP, overGRPC} {
		if !s.hasTrace(t, fmt.Sprintf("%x", sp.traceID)) {
			t.Errorf("a good span was acknowledged and is not there")
		}
	}
	if got := s.metrics(t).sum("heddle_http_panics_total"); got != 0 {
		t.Errorf("%v requests ended in a panic", got)
	}
}

// expectPeakBelow bounds the most memory that the process ever held, where the
// operating system tells it. A binary with the race detector takes several
// times as much and is let off.
func (s *server) expectPeakBelow(t *testing.T, bound int64) {
	t.Helper()
	info, err := buildinfo.ReadFile(s.cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err != nil {
			continue
		}
		t.Logf("heddle held %d MiB at its peak", kib>>10)
		if kib<<10 > bound {
			t.Errorf("heddle held %d MiB at its peak, the bound is %d", kib>>10, bound>>20)
		}
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // does not fail
	return b
}
