package e2e

import (
	"encoding/base64"
	"encoding/json"
	"time"

	jaegermodel "github.com/jaegertracing/jaeger-idl/model/v1"
	jaegerthrift "github.com/jaegertracing/jaeger-idl/thrift-gen/jaeger"
)

// modelBatch is a trace of one process in the types of Jaeger's gRPC protocol.
func modelBatch(tr jaegerTrace) jaegermodel.Batch {
	process := tr.Processes["p1"]
	batch := jaegermodel.Batch{Process: &jaegermodel.Process{ServiceName: process.ServiceName, Tags: modelTags(process.Tags)}}
	for _, sp := range tr.Spans {
		high, low, id := ids(sp.TraceID, sp.SpanID)
		out := &jaegermodel.Span{
			TraceID: jaegermodel.NewTraceID(high, low), SpanID: jaegermodel.NewSpanID(id),
			OperationName: sp.OperationName, Flags: jaegermodel.Flags(sp.Flags), Tags: modelTags(sp.Tags),
			StartTime: time.UnixMicro(sp.StartTime).UTC(), Duration: time.Duration(sp.Duration) * time.Microsecond,
		}
		for _, r := range sp.References {
			high, low, id := ids(r.TraceID, r.SpanID)
			typ := jaegermodel.SpanRefType(jaegermodel.SpanRefType_value[r.RefType])
			out.References = append(out.References, jaegermodel.SpanRef{TraceID: jaegermodel.NewTraceID(high, low), SpanID: jaegermodel.NewSpanID(id), RefType: typ})
		}
		for _, l := range sp.Logs {
			out.Logs = append(out.Logs, jaegermodel.Log{Timestamp: time.UnixMicro(l.Timestamp).UTC(), Fields: modelTags(l.Fields)})
		}
		batch.Spans = append(batch.Spans, out)
	}
	return batch
}

func modelTags(tags []jaegerTag) (out []jaegermodel.KeyValue) {
	for _, tag := range tags {
		switch v := tagValue(tag).(type) {
		case int64:
			out = append(out, jaegermodel.Int64(tag.Key, v))
		case float64:
			out = append(out, jaegermodel.Float64(tag.Key, v))
		case bool:
			out = append(out, jaegermodel.Bool(tag.Key, v))
		case []byte:
			out = append(out, jaegermodel.Binary(tag.Key, v))
		case string:
			out = append(out, jaegermodel.String(tag.Key, v))
		}
	}
	return out
}

// thriftBatch is the same in the types of Jaeger's thrift protocol, which has
// the first parent in a field of its own.
func thriftBatch(tr jaegerTrace) *jaegerthrift.Batch {
	process := tr.Processes["p1"]
	batch := &jaegerthrift.Batch{Process: &jaegerthrift.Process{ServiceName: process.ServiceName, Tags: thriftTags(process.Tags)}}
	for _, sp := range tr.Spans {
		high, low, id := ids(sp.TraceID, sp.SpanID)
		out := &jaegerthrift.Span{
			TraceIdHigh: int64(high), TraceIdLow: int64(low), SpanId: int64(id),
			OperationName: sp.OperationName, Flags: int32(sp.Flags), Tags: thriftTags(sp.Tags),
			StartTime: sp.StartTime, Duration: sp.Duration,
		}
		for _, r := range sp.References {
			high, low, id := ids(r.TraceID, r.SpanID)
			if r.RefType == "CHILD_OF" {
				out.ParentSpanId = int64(id)
				continue
			}
			out.References = append(out.References, &jaegerthrift.SpanRef{RefType: jaegerthrift.SpanRefType_FOLLOWS_FROM, TraceIdHigh: int64(high), TraceIdLow: int64(low), SpanId: int64(id)})
		}
		for _, l := range sp.Logs {
			out.Logs = append(out.Logs, &jaegerthrift.Log{Timestamp: l.Timestamp, Fields: thriftTags(l.Fields)})
		}
		batch.Spans = append(batch.Spans, out)
	}
	return batch
}

func thriftTags(tags []jaegerTag) (out []*jaegerthrift.Tag) {
	for _, tag := range tags {
		t := &jaegerthrift.Tag{Key: tag.Key}
		switch v := tagValue(tag).(type) {
		case int64:
			t.VType, t.VLong = jaegerthrift.TagType_LONG, &v
		case float64:
			t.VType, t.VDouble = jaegerthrift.TagType_DOUBLE, &v
		case bool:
			t.VType, t.VBool = jaegerthrift.TagType_BOOL, &v
		case []byte:
			t.VType, t.VBinary = jaegerthrift.TagType_BINARY, v
		case string:
			t.VType, t.VStr = jaegerthrift.TagType_STRING, &v
		}
		out = append(out, t)
	}
	return out
}

// tagValue is the value of a tag in a Go type. The tags are those of a test,
// so that errors cannot be.
func tagValue(tag jaegerTag) any {
	switch tag.Type {
	case "int64":
		n, _ := tag.Value.(json.Number).Int64()
		return n
	case "float64":
		f, _ := tag.Value.(json.Number).Float64()
		return f
	case "binary":
		b, _ := base64.StdEncoding.DecodeString(tag.Value.(string))
		return b
	}
	return tag.Value
}
