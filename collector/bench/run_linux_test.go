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
	for _, want := range []string{
		`ingest\t\d+\t\d+ cpu-ns/span\t\d+ spans/s\t\S+ disk-B/span\t\S+ wire-B/span\t\d+ peak-rss-B\t\d+ settled-rss-B`,
		`idle\t1\t\d+ cpu-ns/s`,
		`query=trace\t3\t\d+ p50-ns\t\d+ p95-ns`,
		`query=service\t3\t`, `query=service-attribute\t3\t`, `query=service-attribute-error\t3\t`, `query=min-duration\t3\t`,
		`query=services\t3\t`, `query=operations\t3\t`, `query=dependencies\t3\t`,
		`start\t1\t\d+ start-ns`,
	} {
		if !regexp.MustCompile(`(?m)^BenchmarkServer/spans=20000/` + want).MatchString(out.String()) {
			t.Errorf("there is no %q in\n%s", want, &out)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v behind, %v", left, err)
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
	} {
		var out, log bytes.Buffer
		err := run(t.Context(), append([]string{"-dir", t.TempDir()}, c.args...), &out, &log)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
