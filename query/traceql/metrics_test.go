package traceql

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// The cases in testdata/metrics are a drawing of traces, a line "---", and
// queries that begin with "> ", each followed by its series over four steps of
// a second; "-" is no point. Exemplars follow as trace/span@start=value. A
// query that begins with "= " is evaluated over its window at once.
func TestMetrics(t *testing.T) {
	files, err := filepath.Glob("testdata/metrics/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			drawing, cases, _ := bytes.Cut(text, []byte("---\n"))
			r := storeOf(t, draw(t, string(drawing)), 3)
			var out []string
			for _, block := range strings.Split(strings.TrimSpace(string(cases)), "\n\n") {
				query, want, _ := strings.Cut(block, "\n")
				got := metricsText(t, r, query, false)
				if again := metricsText(t, r, query, true); again != got {
					t.Errorf("%s\nis\n%s\nand from whole traces\n%s", query, got, again)
				}
				if got != want && !*update {
					t.Errorf("%s\ngot:\n%s\nwant:\n%s", query, got, want)
				}
				out = append(out, strings.TrimSpace(query+"\n"+got))
			}
			if *update {
				if err := os.WriteFile(file, fmt.Appendf(nil, "%s---\n%s\n", drawing, strings.Join(out, "\n\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func metricsText(t *testing.T, r storage.SpanReader, query string, wholeTraces bool) string {
	t.Helper()
	q, err := Parse(query[2:])
	if err != nil {
		return err.Error()
	}
	o := RangeOptions{
		Window: storage.Window{FromNs: epoch, ToNs: epoch + int64(4*time.Second)}, StepNs: int64(time.Second),
		wholeTraces: wholeTraces,
	}
	evaluate := Range
	if query[0] == '=' {
		evaluate = Instant
	}
	m, err := evaluate(context.Background(), r, q, o)
	if err != nil {
		return err.Error()
	}
	return matrixText(m)
}

func matrixText(m Matrix) string {
	var b strings.Builder
	for _, s := range m.Series {
		var labels []string
		for _, l := range s.Labels {
			labels = append(labels, l.Name+"="+l.Value.String())
		}
		fmt.Fprintf(&b, "{%s}", strings.Join(labels, ", "))
		for _, v := range s.Values {
			if math.IsNaN(v) {
				b.WriteString(" -")
			} else {
				fmt.Fprintf(&b, " %.4g", v)
			}
		}
		for _, x := range s.Exemplars {
			fmt.Fprintf(&b, " %d/%s@%v=%.4g", x.TraceID[15], idText(x.SpanID), time.Duration(x.TimeNs-epoch), x.Value)
		}
		b.WriteByte('\n')
	}
	if m.Stats.Partial != "" {
		fmt.Fprintf(&b, "partial: %s\n", m.Stats.Partial)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestFunction(t *testing.T) {
	for query, want := range map[string]string{
		"{ }":                   "",
		"{ } | rate()":          "rate",
		"{ } | rate() by(name)": "rate",
		"{ name = `| rate(` } | max_over_time(duration)": "max_over_time",
		"{ } | count_over_time() | topk(3)":              "count_over_time",
		"({ status = error } | rate()) / ({ } | rate())": "rate",
		"{ } | compare({ status = error })":              "compare",
	} {
		if got := mustParse(t, query).Function(); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// An attribute with few values is compared whole, whatever others have.
func TestCompareSharesItsRoom(t *testing.T) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	const n, start = 12_000, int64(1_700_000_000_000_000_000)
	for i := range n {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, byte(i >> 8), byte(i)})
		s.SetSpanID(pcommon.SpanID{1})
		s.SetStartTimestamp(pcommon.Timestamp(start + int64(i)*1e6))
		for key := range 6 {
			s.Attributes().PutStr(fmt.Sprint("many", key), fmt.Sprint(i))
		}
		s.Attributes().PutStr("few", fmt.Sprint(i%3))
	}
	store := storeOf(t, storage.SpansFromPdata(td), 500)
	for _, wholeTraces := range []bool{false, true} {
		m, err := Range(t.Context(), store, mustParse(t, "{ } | compare({ status = error })"), RangeOptions{
			Window: storage.Window{FromNs: start, ToNs: start + 12e9}, StepNs: 1e8, wholeTraces: wholeTraces,
		})
		if err != nil {
			t.Fatal(err)
		}
		counted, many := 0.0, false
		for _, s := range m.Series {
			for _, l := range s.Labels {
				switch {
				case l.Name == "span.few" && s.Labels[0].Name == labelMetaError:
					t.Errorf("whole traces %v: not all values of few were counted", wholeTraces)
				case l.Name == "span.few" && l.Value != Value{}:
					counted += total(s.Values)
				case l.Name == "span.many3" && s.Labels[0].Name == labelMetaError:
					many = true
				}
			}
		}
		if counted != n || !many {
			t.Errorf("whole traces %v: %v spans have one of the few values, want %d; too many of the others: %v", wholeTraces, counted, n, many)
		}
	}
}
