package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSecondStart starts heddle where one already listens, on all its ports
// with its directory, and on all but one with another.
func TestSecondStart(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	other, err := freeAddresses()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		s.args,
		append(slices.Clip(s.args), "--set", "extensions::heddle_query::endpoint="+other.query, "--data-dir", t.TempDir()),
	} {
		text, code := run(t, t.TempDir(), args...)
		if code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		expectOneError(t, text, "127.0.0.1:", "is already in use", "--set")
	}
	s.expectWell(t)
}

// TestRefusesToStart gives heddle what it cannot start with. It must end with
// the exit code for it and one error that names the cause.
func TestRefusesToStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("file", "no directory")
	for _, c := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		// Below a file, because root may write to every directory.
		{"data directory", []string{"--data-dir", filepath.Join(file, "data")}, 1, []string{"data directory", file, "--data-dir"}},
		{"no such file", []string{"run", "--config", filepath.Join(dir, "missing.yaml")}, 1, []string{"missing.yaml"}},
		{"no YAML", []string{"run", "--config", write("broken.yaml", "receivers: [}\n")}, 1, []string{"yaml"}},
		{"unknown key", []string{"--set", "extensions::heddle_storage::memory::max_byte=1GiB"}, 1, []string{"max_byte"}},
		{"bad value", []string{"--set", "extensions::heddle_storage::memory::max_bytes=lots"}, 1, []string{"max_bytes", "lots"}},
		{"value out of range", []string{"--set", "extensions::heddle_storage::memory::max_bytes=1KiB"}, 1, []string{"max_bytes", "1MiB"}},
		{"unknown component", []string{"--set", "receivers::carrier_pigeon={}"}, 1, []string{"carrier_pigeon"}},
		{"exporter without its storage", []string{"--set", "exporters::heddlestore::storage=heddle_storage/other"}, 1, []string{"heddle_storage/other"}},
		{"unknown command", []string{"weave"}, 2, []string{"weave", "--help"}},
		{"unknown flag", []string{"--wrap"}, 2, []string{"--wrap", "--help"}},
		{"--set without a value", []string{"--set", "receivers"}, 2, []string{"KEY=VALUE"}},
		{"agent without an endpoint", []string{"agent"}, 2, []string{"--endpoint"}},
		{"validate", []string{"validate", "--set", "extensions::heddle_query::request_timeout=-1s"}, 1, []string{"request_timeout"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, err := freeAddresses()
			if err != nil {
				t.Fatal(err)
			}
			args := c.args
			if args[0] == "--set" || args[0] == "--data-dir" {
				args = append(a.serverFlags(), args...)
			}
			text, code := run(t, t.TempDir(), args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			expectOneError(t, text, c.says...)
		})
	}
}

// TestValidates says yes to the configurations that heddle carries.
func TestValidates(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"validate"}, {"version"}, {"components"}, {"--help"}, {"agent", "--help"}, {"demo", "--help"}} {
		if text, code := run(t, t.TempDir(), args...); code != 0 || strings.TrimSpace(text) == "" {
			t.Errorf("heddle %v: exit code %d:\n%s", args, code, text)
		}
	}
}

// expectOneError demands one line that begins as errors of heddle do, and in
// it, or in the lines below it, what it must say.
func expectOneError(t *testing.T, text string, says ...string) {
	t.Helper()
	const prefix = "heddle: "
	_, message, found := strings.Cut("\n"+text, "\n"+prefix)
	if !found || strings.Contains(message, "\n"+prefix) {
		t.Fatalf("want exactly one error that begins with %q:\n%s", prefix, text)
	}
	for _, want := range says {
		if !strings.Contains(message, want) {
			t.Errorf("the error does not mention %q:\n%s", want, message)
		}
	}
	if strings.Contains(text, "goroutine ") {
		t.Errorf("a stack trace is no message:\n%s", text)
	}
}
