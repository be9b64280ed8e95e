package e2e

import "slices"

// noteOrphan is what the native API says of a span whose parent is missing.
const noteOrphan = "Its parent is not stored."

// jaegerOf is a span as Jaeger's translation from OTLP shows it, and its
// process, both with their tags sorted.
func jaegerOf(s span) (jaegerSpan, jaegerProcess) {
	start := nanos(s.Start)
	out := jaegerSpan{
		TraceID: shortTraceID(s.TraceID), SpanID: s.SpanID,
		Flags:         int(s.Flags & 1),
		OperationName: s.Name,
		References:    []jaegerReference{},
		StartTime:     start / 1000, Duration: s.DurationNs / 1000,
		Tags: tagsOf(s.Attributes),
		Logs: []jaegerLog{},
	}
	if s.ParentSpanID != "" {
		out.References = append(out.References, jaegerReference{"CHILD_OF", out.TraceID, s.ParentSpanID})
	}
	for _, l := range s.Links {
		out.References = append(out.References, jaegerReference{"FOLLOWS_FROM", shortTraceID(l.TraceID), l.SpanID})
	}
	for _, e := range s.Events {
		fields := []jaegerTag{}
		if e.Name != "" {
			fields = append(fields, jaegerTag{"event", "string", e.Name})
		}
		out.Logs = append(out.Logs, jaegerLog{nanos(e.Time) / 1000, append(fields, tagsOf(e.Attributes)...)})
	}
	text := func(key, value string) {
		if value != "" {
			out.Tags = append(out.Tags, jaegerTag{key, "string", value})
		}
	}
	text("otel.scope.name", s.Scope.Name)
	text("otel.scope.version", s.Scope.Version)
	text("w3c.tracestate", s.TraceState)
	text("otel.status_description", s.Status.Message)
	if s.Kind != "unspecified" {
		text("span.kind", s.Kind)
	}
	switch s.Status.Code {
	case "ok":
		text("otel.status_code", "OK")
	case "error":
		text("otel.status_code", "ERROR")
		out.Tags = append(out.Tags, jaegerTag{"error", "bool", true})
	}
	sortTags(out.Tags)
	if slices.Contains(s.Notes, noteOrphan) {
		out.Warnings = append(out.Warnings, "parent span ID="+s.ParentSpanID+" is not in the trace; skipping clock skew adjustment")
	}

	process := jaegerProcess{ServiceName: s.Service, Tags: []jaegerTag{}}
	for _, a := range s.Resource.Attributes {
		if a.Key != "service.name" {
			process.Tags = append(process.Tags, tagOf(a))
		}
	}
	sortTags(process.Tags)
	return out, process
}

func tagsOf(list []attr) []jaegerTag {
	tags := []jaegerTag{}
	for _, a := range list {
		tags = append(tags, tagOf(a))
	}
	return tags
}

// tagOf is an attribute in Jaeger's five types; lists and maps become text.
func tagOf(a attr) jaegerTag {
	switch a.Type {
	case "int":
		return jaegerTag{a.Key, "int64", a.Value}
	case "double":
		return jaegerTag{a.Key, "float64", a.Value}
	case "bytes":
		return jaegerTag{a.Key, "binary", a.Value}
	case "string", "bool":
		return jaegerTag(a)
	case "empty":
		return jaegerTag{a.Key, "string", ""}
	}
	return jaegerTag{a.Key, "string", mustJSON(a.Value)}
}
