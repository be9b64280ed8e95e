package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// heddleBinary is the binary that is measured: that of HEDDLE_BINARY, or one
// that is built for it.
func heddleBinary(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("HEDDLE_BINARY"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "heddle")
	if text, err := exec.Command("go", "build", "-o", path, "../..").CombinedOutput(); err != nil {
		t.Fatalf("building heddle: %v\n%s", err, text)
	}
	return path
}

// TestRun measures a little of everything on the real binary. What the figures
// are is nobody's promise; that there are all of them, and none is absurd, is.
func TestRun(t *testing.T) {
	binary := heddleBinary(t)
	var out, log bytes.Buffer
	dir := t.TempDir()
	err := run(t.Context(), []string{"-binary", binary, "-dir", dir, "-spans", "20000", "-rate", "200", "-idle", "100ms", "-quiet", "1s", "-repeats", "3"}, &out, &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	want := []string{
		`ingest\t\d+\t\d+ cpu-ns/span\t\d+ spans/s\t\S+ disk-B/span\t\S+ wire-B/span\t\d+ peak-rss-B\t\d+ settled-rss-B`,
		`idle\t1\t\d+ cpu-ns/s`,
		`start\t1\t\d+ start-ns`,
		`query=jaeger-trace\t\d+\t\d+ p50-ns\t\d+ p95-ns\t\d+ cpu-ns/op\t5000000 budget-p95-ns\n`,
	}
	for _, class := range classes {
		want = append(want, `query=`+class+`\t([3-9]|[1-3]\d)\t`)
	}
	for _, want := range want {
		if !regexp.MustCompile(`(?m)^BenchmarkServer/spans=20000/` + want).MatchString(out.String()) {
			t.Errorf("there is no %q in\n%s", want, &out)
		}
	}
	if n := strings.Count(out.String(), "/query="); n != len(classes) || strings.Count(log.String(), "\n| ") != n+1 {
		t.Errorf("there are %d classes of questions, %d were expected, and in a table:\n%s", n, len(classes), &log)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v behind, %v", left, err)
	}
}

// classes are all that must be measured.
var classes = []string{
	"jaeger-trace", "jaeger-service", "jaeger-service-attribute", "jaeger-service-error", "jaeger-service-duration", "jaeger-services", "jaeger-operations", "jaeger-dependencies",
	"tempo-trace", "tempo-tags", "tempo-values",
	"traceql-attribute", "traceql-duration", "traceql-status", "traceql-regex", "traceql-structure", "traceql-count",
	"metrics-rate", "metrics-rate-by-service", "metrics-rate-of-roots", "metrics-rate-by-attribute", "metrics-quantiles", "metrics-compare",
	"native-skeleton", "native-spans", "native-criticalpath", "native-flame", "native-usual",
	"native-search", "native-search-query", "native-search-page", "native-search-longest", "native-search-errors", "native-search-total",
	"native-overview", "native-overview-selected", "native-compare", "native-compare-all",
	"native-rates", "native-rates-steps", "native-rates-by-attribute", "native-graph", "native-graph-services", "native-graph-selected",
	"native-structure", "native-diff", "native-diff-queries", "native-services", "native-operations", "native-keys", "native-values",
}

// TestKeptDataAreAskedAgain sends once, asks for one class, and then for another.
func TestKeptDataAreAskedAgain(t *testing.T) {
	binary := heddleBinary(t)
	args := []string{"-binary", binary, "-keep", t.TempDir(), "-spans", "5000", "-rate", "100", "-idle", "10ms", "-quiet", "1s", "-repeats", "1"}
	for i, only := range []string{"native-keys", "native-values"} {
		var out, log bytes.Buffer
		if err := run(t.Context(), append(args, "-only", "^"+only+"$"), &out, &log); err != nil {
			t.Fatalf("%v\n%s", err, &log)
		}
		if strings.Count(out.String(), "/query=") != 1 || !strings.Contains(out.String(), "/query="+only+"\t") || strings.Contains(out.String(), "/ingest\t") != (i == 0) {
			t.Errorf("asked for %s, time %d:\n%s", only, i+1, &out)
		}
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no binary":    {[]string{"-binary", "/nowhere/heddle"}, "/nowhere/heddle"},
		"not heddle":   {[]string{"-binary", "/bin/false"}, "before it was ready"},
		"no spans":     {[]string{"-spans", "0"}, "-spans 0"},
		"unknown flag": {[]string{"-x"}, "-x"},
		"no regexp":    {[]string{"-only", "("}, "-only"},
	} {
		var out, log bytes.Buffer
		err := run(t.Context(), append([]string{"-dir", t.TempDir()}, c.args...), &out, &log)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
