package grpcwire

import (
	"bytes"
	"testing"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// TestMessagesOfEveryKind sends each kind and receives it as raw bytes and as
// itself, in one piece and in two.
func TestMessagesOfEveryKind(t *testing.T) {
	operation := &api_v2.GetTraceRequest{TraceID: model.NewTraceID(1, 2), RawTraces: true}
	text := wrapperspb.String("text")
	for name, m := range map[string]any{"gogo": operation, "protobuf": text, "raw": Raw("\x0a\x04text")} {
		sent, err := Codec{}.Marshal(m)
		if err != nil {
			t.Fatal(name, err)
		}
		b := sent.Materialize()
		half := len(b) / 2
		var raw Raw
		if err := (Codec{}).Unmarshal(mem.BufferSlice{mem.SliceBuffer(b[:half]), mem.SliceBuffer(b[half:])}, &raw); err != nil || !bytes.Equal(raw, b) {
			t.Errorf("%s: %x, %v, want %x", name, raw, err, b)
		}
		switch name {
		case "gogo":
			var got api_v2.GetTraceRequest
			if err := (Codec{}).Unmarshal(sent, &got); err != nil || got.TraceID != operation.TraceID || !got.RawTraces {
				t.Error(name, got, err)
			}
		default:
			var got wrapperspb.StringValue
			if err := (Codec{}).Unmarshal(sent, &got); err != nil || got.GetValue() != "text" {
				t.Error(name, &got, err)
			}
		}
	}
}

// FuzzUnmarshal: whatever arrives, a message is read or refused.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte("\x0a\x10aaaaaaaabbbbbbbb\x20\x01"))
	f.Add([]byte("\x0a\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, m := range []any{&api_v2.GetTraceRequest{}, &api_v2.FindTracesRequest{}, &api_v2.SpansResponseChunk{}, &wrapperspb.StringValue{}, new(Raw)} {
			_ = Codec{}.Unmarshal(mem.BufferSlice{mem.SliceBuffer(b)}, m)
		}
	})
}

func TestStrangersAreRefused(t *testing.T) {
	if _, err := (Codec{}).Marshal(42); err == nil {
		t.Error("a number was sent")
	}
	if err := (Codec{}).Unmarshal(nil, 42); err == nil {
		t.Error("a number was received")
	}
	if (Codec{}).Name() != "proto" {
		t.Error("the content type changes")
	}
}
