package traceql

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/heddle-io/heddle/storage"
)

func TestAdjustedCount(t *testing.T) {
	for tracestate, want := range map[string]float64{
		"":                                1,
		"ot=th:0":                         1,
		"ot=th:8":                         2,
		"ot=th:80000000000000":            2,
		"ot=th:c":                         4,
		"ot=th:C":                         4,
		"ot=th:4":                         4.0 / 3,
		"ot=th:fff":                       4096,
		"ot=th:ffffffffffffff":            1 << 56, // the least probability
		"ot=th:e6666666666666":            10,
		"ot=rv:6e6d1a75832a2f;th:e":       8,
		"ot=th:e;rv:00000000000000":       8, // rejected by its own threshold: samplers repair that, not we
		"a=1,ot=th:8":                     2,
		"ot=th:8,a=1":                     2,
		"a=1 ,\tot=th:8 , b=2":            2,
		",,ot=th:8,":                      2,
		"?broken!,ot=th:8":                2, // what others wrote does not matter
		"ot=th:8,ot=th:c":                 2, // the first
		"ot=th:8;th:c":                    2,
		"ot=x:1;th:8;y:2":                 2,
		"ot=th:":                          1,
		"ot=th:g":                         1,
		"ot=th:-1":                        1,
		"ot=th:+1":                        1,
		"ot=th:0x8":                       1,
		"ot=th:1_0":                       1,
		"ot=th: 8":                        1,
		"ot=x:1; th:8":                    1,
		"ot=th:000000000000000":           1, // 15 digits
		"ot=th:800000000000000":           1,
		"ot=th":                           1,
		"ot=":                             1,
		"ot":                              1,
		"th:8":                            1,
		"not=th:8":                        1,
		"tenant@ot=th:8":                  1,
		"ot@tenant=th:8":                  1,
		"otx=th:8":                        1,
		"OT=th:8":                         1,
		"ot=TH:8":                         1,
		"ot=xth:8":                        1,
		"ot=p:0":                          1,
		"ot=p:1":                          2,
		"ot=p:10":                         1024,
		"ot=p:62":                         1 << 62,
		"ot=p:63":                         0, // kept by another sampler; those that p counts stand for it
		"ot=p:64":                         1,
		"ot=p:-1":                         1,
		"ot=p:":                           1,
		"ot=p:99999999999999999999999999": 1,
		"ot=p:2;r:2":                      4,
		"ot=r:10;p:2":                     4,
		"ot=p:3;r:2":                      1, // contradicts itself
		"ot=p:63;r:2":                     0,
		"ot=p:3;r:63":                     8, // r is invalid, p is not
		"ot=p:3;r:x":                      8,
		"ot=p:3;th:8":                     2, // th supersedes p
		"ot=p:3;th:x":                     1,
	} {
		if got := adjustedCount(tracestate); got != want {
			t.Errorf("%q stands for %v, want %v", tracestate, got, want)
		}
		ref := refSpan{traceState: tracestate}
		if got := ref.weight(); got != want {
			t.Errorf("%q stands for %v by the reference, want %v", tracestate, got, want)
		}
	}
}

// FuzzAdjustedCount demands that what OpenTelemetry's own parser accepts says
// the same to it.
func FuzzAdjustedCount(f *testing.F) {
	for _, text := range moreTraceStates {
		f.Add(text)
	}
	f.Add("a=1,ot=th:8;rv:6e6d1a75832a2f;x:1 , b=2")
	f.Fuzz(func(t *testing.T, tracestate string) {
		got := adjustedCount(tracestate)
		if !(got >= 1 && got <= 1<<62) && got != 0 {
			t.Fatalf("%q stands for %v", tracestate, got)
		}
		ref := refSpan{traceState: tracestate}
		if want := ref.weight(); math.Abs(got-want) > 1e-15*want {
			t.Fatalf("%q stands for %v, by the reference for %v", tracestate, got, want)
		}
		w3c, err := sampling.NewW3CTraceState(tracestate)
		if err != nil {
			return
		}
		if want := w3c.OTelValue().AdjustedCount(); want > 0 && math.Abs(got-want) > 1e-15*want {
			t.Fatalf("%q stands for %v, OpenTelemetry's parser says %v", tracestate, got, want)
		}
	})
}

// An estimate that runs out of time says so, and one that is cancelled ends.
func TestExtrapolationStops(t *testing.T) {
	store := storeOf(t, manyTraces(3000), 500)
	q := mustParse(t, "{ } | rate() by(name) with(extrapolate=true)")
	o := RangeOptions{Window: storage.Window{FromNs: epoch, ToNs: epoch + int64(time.Hour)}, StepNs: int64(time.Minute)}
	whole, err := Range(context.Background(), store, q, o)
	if err != nil || whole.Stats.Partial != "" || whole.Stats.TracesInspected > 0 || whole.Stats.SpansScanned != 6003 {
		t.Errorf("stats %+v, %v", whole.Stats, err)
	}
	o.Budget = Budget{Duration: 1}
	part, err := Range(context.Background(), store, q, o)
	if err != nil || !strings.Contains(part.Stats.Partial, "longer than 1ns") || part.Stats.SpansScanned >= 6003 {
		t.Errorf("stats %+v, %v", part.Stats, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Range(ctx, store, q, o); err == nil {
		t.Error("a cancelled query is answered")
	}
}
