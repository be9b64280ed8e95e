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
