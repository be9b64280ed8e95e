package jaeger

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

type storageTraceID = storage.TraceID

func traceIDs(td ptrace.Traces) map[storage.TraceID]bool {
	ids := map[storage.TraceID]bool{}
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				ids[s.TraceID()] = true
			}
		}
	}
	return ids
}

// v1Lines are the spans of a trace with everything that v1 shows of them, in
// its order.
func v1Lines(trace uiTrace) (list []string) {
	for i, s := range trace.Spans {
		if i == 0 {
			s.Warnings = append(slices.Clone(s.Warnings), trace.Warnings...)
		}
		list = append(list, jsonOf(s, trace.Processes[s.ProcessID]))
	}
	return list
}

// v2Line is the same of a span in Jaeger's model, by the conversion that the
// oracle has for upstream's.
func v2Line(s *model.Span) string {
	shown := upstreamSpan(s, "")
	shown.Warnings = s.Warnings
	return jsonOf(shown, uiProcess{s.Process.ServiceName, upstreamTags(s.Process.Tags)})
}

func jsonOf(s uiSpan, p uiProcess) string {
	s.ProcessID = ""
	if len(s.Warnings) == 0 {
		s.Warnings = nil
	}
	b, err := json.Marshal([]any{s, p})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// v1Outline and v3Outline are what both can say in the same words: ids,
// parents, names, services, times, warnings. Parents are the first reference.
func v1Outline(trace uiTrace) (list []string) {
	for i, s := range trace.Spans {
		if i == 0 {
			s.Warnings = append(slices.Clone(s.Warnings), trace.Warnings...)
		}
		parent := pcommon.SpanID{}.String()
		if len(s.References) > 0 && s.References[0].TraceID == s.TraceID {
			parent = s.References[0].SpanID
		}
		list = append(list, outline(s.SpanID, parent, s.OperationName, trace.Processes[s.ProcessID].ServiceName, s.StartTime, s.Duration, s.Warnings))
	}
	slices.Sort(list)
	return list
}

func v3Outline(td ptrace.Traces) (list []string) {
	for _, rs := range td.ResourceSpans().All() {
		service := ""
		if v, ok := rs.Resource().Attributes().Get("service.name"); ok {
			service = v.AsString()
		}
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				var warnings []string
				if v, ok := s.Attributes().Get(warningsAttribute); ok {
					for _, w := range v.Slice().All() {
						warnings = append(warnings, w.Str())
					}
				}
				duration := max(0, int64(s.EndTimestamp())-int64(s.StartTimestamp()))
				list = append(list, outline(s.SpanID().String(), s.ParentSpanID().String(), s.Name(), shownService(service),
					int64(s.StartTimestamp())/1000, duration/1000, warnings))
			}
		}
	}
	slices.Sort(list)
	return list
}

func outline(id, parent, name, service string, start, duration int64, warnings []string) string {
	return fmt.Sprintf("%s<%s %q of %q at %d for %d %q", id, strings.TrimLeft(parent, "0"), name, service, start, duration, warnings)
}

// v3OverHTTP reads a result as a client does.
func v3OverHTTP(t *testing.T, h http.Handler, target string) ptrace.Traces {
	t.Helper()
	w := get(h, target)
	var reply struct{ Result json.RawMessage }
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: %d %v %s", target, w.Code, err, w.Body)
	}
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(reply.Result)
	if err != nil {
		t.Fatal(err)
	}
	return td
}
