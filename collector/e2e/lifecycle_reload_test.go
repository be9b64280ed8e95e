package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReload changes the configuration of a running heddle: an invalid one
// must leave everything as it is, a valid one must take effect, and neither
// may cost what is stored.
func TestReload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text, code := run(t, dir, "print-config")
	if code != 0 || !strings.Contains(text, "receivers:") {
		t.Fatalf("print-config: exit code %d:\n%s", code, text)
	}
	old, err := freeAddresses()
	if err != nil {
		t.Fatal(err)
	}
	moved, err := freeAddresses()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "heddle.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(old.inConfig(text))
	s, err := startServer(old, dir, []string{"run", "--config", file, "--data-dir", filepath.Join(dir, "data")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.mustStop(t) })
	ids := sendTo(t, s.addresses, "before", 2)
	reload := func() {
		t.Helper()
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}

	write("receivers: [this, is, no, configuration]\n")
	reload()
	eventually(t, "word that the configuration stays", func() bool { return strings.Contains(s.output.String(), "configuration stays as it is") })
	if res := post(t, "http://"+s.query+"/-/reload", nil); res.code != http.StatusBadRequest || len(res.body) == 0 {
		t.Errorf("/-/reload of an invalid configuration: status %d: %s", res.code, res.body)
	}
	ids = append(ids, sendTo(t, s.addresses, "with the old configuration", 2)...)

	kept := old
	kept.otlpHTTP = moved.otlpHTTP
	write(kept.inConfig(text))
	reload()
	eventually(t, "the new configuration", func() bool { return strings.Contains(s.output.String(), "the new configuration is in effect") })
	s.addresses = kept
	ids = append(ids, sendTo(t, s.addresses, "with the new configuration", 2)...)
	if _, err := tryPost("http://"+old.otlpHTTP+"/v1/traces", exportRequest("nobody", goodSpan())); err == nil {
		t.Error("the old port still answers")
	}

	if res := post(t, "http://"+s.query+"/-/reload", nil); res.code != http.StatusOK {
		t.Errorf("/-/reload: status %d: %s", res.code, res.body)
	}
	eventually(t, "the second reload", func() bool { return strings.Count(s.output.String(), "the new configuration is in effect") == 2 })
	if err := s.ready(); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if !s.hasTrace(t, id) {
			t.Errorf("trace %s is lost", id)
		}
	}
	if got := s.metrics(t).sum(acceptedSpans, `store="main"`); got != float64(len(ids)) {
		t.Errorf("%v spans accepted, want %d: a reload must not start counters again", got, len(ids))
	}
}

// inConfig puts the addresses in the place of those of a configuration.
func (a addresses) inConfig(text string) string {
	for port, addr := range map[int]string{3300: a.query, 4317: a.otlpGRPC, 4318: a.otlpHTTP, 9411: a.zipkin, 14250: a.jaegerGRPC, 14268: a.jaegerHTTP} {
		text = strings.ReplaceAll(text, fmt.Sprint("localhost:", port), addr)
	}
	return text
}
