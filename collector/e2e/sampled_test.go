package e2e

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
)

// quarter is a consistent probability sampler: it keeps every fourth trace by
// the randomness of its id, and says so.
type quarter struct{}

func (quarter) Description() string { return "quarter" }

func (quarter) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	const threshold = 3 << 54
	if binary.BigEndian.Uint64(p.TraceID[8:])&(1<<56-1) < threshold {
		return sdktrace.SamplingResult{Decision: sdktrace.Drop}
	}
	state, err := trace.ParseTraceState("vendor=x,ot=th:c")
	if err != nil {
		panic(err) // it is written above
	}
	return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample, Tracestate: state}
}

// TestSampledSpans sends what a sampler leaves of a service's traces, and all of
// another one's, and demands that metrics are of what is stored, and with
// extrapolate=true of what there was, over HTTP and streamed over gRPC.
func TestSampledSpans(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const traces = 200
	for service, sampler := range map[string]sdktrace.Sampler{"sampled": quarter{}, "whole": sdktrace.AlwaysSample()} {
		exporter, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(s.otlpGRPC), otlptracegrpc.WithInsecure())
		if err != nil {
			t.Fatal(err)
		}
		provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithSampler(sdktrace.ParentBased(sampler)),
			sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", service))))
		tracer := provider.Tracer("e2e")
		for range traces {
			ctx, root := tracer.Start(context.Background(), "root", trace.WithAttributes(attribute.Int("n", 3)))
			_, child := tracer.Start(ctx, "child") // has its parent's tracestate
			child.End()
			root.End()
		}
		if err := provider.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	end := time.Now().Add(time.Minute).Unix()
	ask := func(how, query string) map[string]float64 {
		t.Helper()
		var answer struct {
			Series []struct {
				Labels []struct {
					Value struct{ StringValue string }
				}
				Value   float64 // of an instant
				Samples []struct{ Value float64 }
			}
		}
		s.getJSON(t, fmt.Sprintf("/tempo/api/metrics/%s&start=%d&end=%d&q=%s", how, end-3600, end, url.QueryEscape(query)), &answer)
		values := map[string]float64{}
		for _, series := range answer.Series {
			values[series.Labels[0].Value.StringValue] += series.Value
			for _, x := range series.Samples {
				values[series.Labels[0].Value.StringValue] += x.Value
			}
		}
		return values
	}
	const counted = "{ } | count_over_time() by(resource.service.name)"
	stored := ask("query_range?step=1m", counted)
	if n := stored["sampled"]; n == 0 || n == 2*traces || stored["whole"] != 2*traces {
		t.Fatalf("stored are %v: the sampler did not sample", stored)
	}
	kept := stored["sampled"]
	expect := func(how string, got map[string]float64, sampled, whole float64) {
		t.Helper()
		if got["sampled"] != sampled || got["whole"] != whole {
			t.Errorf("%s: %v, want %v of what was sampled and %v of all", how, got, sampled, whole)
		}
	}
	const hint = " with(extrapolate=true)"
	expect("range", ask("query_range?step=1m", counted+hint), 4*kept, 2*traces)
	expect("instant", ask("query?", counted+hint), 4*kept, 2*traces)
	expect("range without", ask("query_range?step=1m", counted+" with(extrapolate=false)"), kept, 2*traces)
	expect("sum", ask("query?", "{ } | sum_over_time(span.n) by(resource.service.name)"+hint), 4*3*kept/2, 3*traces)
	expect("average", ask("query?", "{ } | avg_over_time(span.n) by(resource.service.name)"+hint), 3, 3)
	expect("whole traces", ask("query?", "{ } > { } | count_over_time() by(resource.service.name)"+hint), 4*kept/2, traces)

	conn, err := grpc.NewClient(s.query, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stream, err := tempopb.NewStreamingQuerierClient(conn).MetricsQueryRange(t.Context(), &tempopb.QueryRangeRequest{
		Query: counted + hint, Start: uint64(end-3600) * 1e9, End: uint64(end) * 1e9, Step: 6e10,
	})
	if err != nil {
		t.Fatal(err)
	}
	streamed := map[string]float64{}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, series := range m.Series {
			for _, x := range series.Samples {
				streamed[series.Labels[0].Value.GetStringValue()] += x.GetValue()
			}
		}
	}
	expect("streamed", streamed, 4*kept, 2*traces)
}
