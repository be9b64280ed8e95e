package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// TestGoSDK sends a trace with everything a span can have through the
// OpenTelemetry SDK and compares what comes back with what the SDK recorded.
func TestGoSDK(t *testing.T) {
	t.Parallel()
	exporters := map[string]func(*server) (sdktrace.SpanExporter, error){
		"gRPC": func(s *server) (sdktrace.SpanExporter, error) {
			return otlptracegrpc.New(context.Background(), otlptracegrpc.WithEndpoint(s.otlpGRPC),
				otlptracegrpc.WithInsecure(), otlptracegrpc.WithCompressor("gzip"))
		},
		"HTTP": func(s *server) (sdktrace.SpanExporter, error) {
			return otlptracehttp.New(context.Background(), otlptracehttp.WithEndpoint(s.otlpHTTP),
				otlptracehttp.WithInsecure(), otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		},
	}
	for name, newExporter := range exporters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shared(t)
			exporter, err := newExporter(s)
			if err != nil {
				t.Fatal(err)
			}
			recorder := tracetest.NewSpanRecorder()
			res, err := resource.New(t.Context(), resource.WithSchemaURL("https://opentelemetry.io/schemas/1.40.0"),
				resource.WithAttributes(
					attribute.String("service.name", "go-sdk-"+name), attribute.String("service.version", "1.2.3"),
					attribute.Int("process.pid", 4711), attribute.StringSlice("process.command_args", []string{"a", "b c"})))
			if err != nil {
				t.Fatal(err)
			}
			provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(res), sdktrace.WithSpanProcessor(recorder))
			record(provider)
			if err := provider.Shutdown(t.Context()); err != nil { // sends what is batched, and fails if that was refused
				t.Fatal(err)
			}
			want := spansOf(recorder.Ended())
			s.expectTrace(t, want[0].TraceID, want)
		})
	}
}

// record makes one trace.
func record(provider trace.TracerProvider) {
	tracer := provider.Tracer("example.com/checkout", trace.WithInstrumentationVersion("0.9.1"),
		trace.WithSchemaURL("https://example.com/schema/1"),
		trace.WithInstrumentationAttributes(attribute.String("build", "ci-7"), attribute.Bool("debug", false)))
	state, _ := trace.ParseTraceState("vendor=x,other=y") // valid
	parent := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: newTraceID(), SpanID: trace.SpanID{1, 2, 3, 4, 5, 6, 7, 8},
		TraceFlags: trace.FlagsSampled, TraceState: state, Remote: true,
	})
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), parent)

	ctx, server := tracer.Start(ctx, "POST /checkout/{id}", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(everyType()...),
		trace.WithLinks(trace.Link{SpanContext: parent.WithTraceID(trace.TraceID{0xab, 15: 0xcd}), Attributes: everyType()},
			trace.Link{SpanContext: parent.WithTraceID(trace.TraceID{0xab, 15: 0xce}).WithTraceState(trace.TraceState{})}))
	server.AddEvent("cache.miss", trace.WithAttributes(everyType()...))
	server.AddEvent("") // an event need not have a name or attributes
	for _, kind := range []trace.SpanKind{trace.SpanKindClient, trace.SpanKindProducer, trace.SpanKindConsumer, trace.SpanKindInternal, trace.SpanKindUnspecified} {
		_, child := tracer.Start(ctx, "call "+kind.String(), trace.WithSpanKind(kind))
		switch kind {
		case trace.SpanKindClient:
			child.RecordError(errors.New("connection reset by peer"))
			child.SetStatus(codes.Error, "payment: connection reset by peer „ß漢🧵”")
		case trace.SpanKindProducer:
			child.SetStatus(codes.Ok, "")
		}
		child.End()
	}
	_, bare := provider.Tracer("").Start(ctx, strings.Repeat("long ", 300))
	bare.End()
	server.End()
}

// everyType is an attribute of every type that the SDK has.
func everyType() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("text", "grüße 漢字 🧵 \"quoted\"\n\t\\ </script>"), attribute.String("text.empty", ""),
		attribute.Int64("int", -42), attribute.Int64("int.max", 1<<63-1), attribute.Int64("int.min", -1<<63),
		attribute.Float64("double", 0.1), attribute.Float64("double.whole", 3), attribute.Float64("double.tiny", 5e-324),
		attribute.Bool("yes", true), attribute.Bool("no", false),
		attribute.ByteSlice("bytes", []byte{0, 1, 0xfe, 0xff}),
		attribute.StringSlice("texts", []string{"a", "", "\"c\""}), attribute.StringSlice("texts.empty", []string{}),
		attribute.Int64Slice("ints", []int64{1, -2, 3}), attribute.Float64Slice("doubles", []float64{1.5, 2.25}),
		attribute.BoolSlice("bools", []bool{true, false}),
		attribute.Slice("mixed", attribute.StringValue("a"), attribute.Int64Value(1), attribute.BoolValue(true)),
		attribute.Map("map", attribute.String("k", "v"), attribute.Int("n", 7)),
	}
}
