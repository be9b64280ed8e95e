package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

// TestRestart ends heddle well and by force. Whatever it acknowledged before
// must be there when it runs again on the same directory.
func TestRestart(t *testing.T) {
	t.Parallel()
	const each = 20
	s := newServer(t)
	var ids []string
	logs := 0
	send := func(name string) {
		t.Helper()
		ids = append(ids, sendTo(t, s.addresses, name, each)...)
		logs += sendLogs(t, s, name, each)
	}
	restart := func(end func() error) {
		t.Helper()
		if err := end(); err != nil {
			t.Fatal(err)
		}
		var err error
		if s.process, err = restarted(s); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if !s.hasTrace(t, id) {
				t.Errorf("trace %s was acknowledged and is lost", id)
			}
		}
		m := s.metrics(t)
		if got := m.sum("heddle_store_spans", `store="main"`); got != float64(len(ids)) {
			t.Errorf("%v spans, want %d", got, len(ids))
		}
		if got := m.sum("heddle_store_logs", `store="main"`); got != float64(logs) {
			t.Errorf("%v log records, want %d", got, logs)
		}
	}
	terminate := func() error { return s.terminate() }
	kill := func() error { s.kill(); return nil }

	send("before SIGTERM")
	restart(terminate)
	if strings.Contains(s.output.String(), "read the log") {
		t.Error("after a clean end there was something to recover")
	}
	send("before SIGKILL")
	restart(kill)
	send("before another SIGKILL")
	restart(func() error {
		s.kill()
		return s.stopAtOnce(t)
	})
	restart(terminate)
	for _, name := range []string{"before SIGTERM", "before SIGKILL", "before another SIGKILL"} {
		if found := s.searchJaeger(t, "service", name, "limit", 2*each); len(found) != each {
			t.Errorf("a search for the service %q finds %d traces, want %d", name, len(found), each)
		}
	}
	s.expectWell(t)
}

// restarted starts what a server was started with once more.
func restarted(s *server) (*process, error) {
	again, err := startServer(s.addresses, s.dir, s.args)
	if err != nil {
		return nil, err
	}
	return again.process, nil
}

// stopAtOnce starts what a server was started with and stops it as soon as it
// answers, which may be before its store is open.
func (s *server) stopAtOnce(t *testing.T) error {
	t.Helper()
	p, err := start(s.dir, s.args...)
	if err != nil {
		return err
	}
	t.Cleanup(p.kill)
	eventually(t, "heddle to answer", func() bool {
		res, err := tryGet("http://" + s.query + "/-/healthy")
		return err == nil && res.code == http.StatusOK
	})
	return p.terminate()
}

// sendLogs sends log records in requests of their own and returns their number.
func sendLogs(t *testing.T, s *server, service string, n int) int {
	t.Helper()
	for i := range n {
		ld := plog.NewLogs()
		r := ld.ResourceLogs().AppendEmpty()
		r.Resource().Attributes().PutStr("service.name", service)
		record := r.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		record.Body().SetStr(fmt.Sprint("line ", i))
		body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		if res := post(t, "http://"+s.otlpHTTP+"/v1/logs", body, "Content-Type", "application/x-protobuf"); res.code != http.StatusOK {
			t.Fatalf("logs of %s: status %d: %s", service, res.code, res.body)
		}
	}
	return n
}

// TestArchiveSurvives keeps a trace and kills heddle.
func TestArchiveSurvives(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := sendTo(t, s.addresses, "to keep", 1)[0]
	if res := post(t, "http://"+s.query+"/api/archive/"+id, nil); res.code != http.StatusOK {
		t.Fatalf("archiving: status %d: %s", res.code, res.body)
	}
	s.kill()
	var err error
	if s.process, err = restarted(s); err != nil {
		t.Fatal(err)
	}
	if got := s.metrics(t).sum("heddle_store_spans", `store="archive"`); got != 1 {
		t.Errorf("%v spans in the archive, want 1", got)
	}
}

// TestOneDirectoryForTwo starts a second heddle on the directory of one that
// runs.
func TestOneDirectoryForTwo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	data := filepath.Join(s.dir, "data")
	a, err := freeAddresses()
	if err != nil {
		t.Fatal(err)
	}
	text, code := run(t, t.TempDir(), append(a.serverFlags(), "--data-dir", data)...)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	expectOneError(t, text, "extensions.heddle_storage", data+" is in use by another process", fmt.Sprint(s.cmd.Process.Pid), "use another directory")
	s.expectWell(t)
}

// TestForeignFilesInTheDirectory starts heddle on a directory that holds
// something else where its files belong.
func TestForeignFilesInTheDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "wal"), []byte("no directory"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := freeAddresses()
	if err != nil {
		t.Fatal(err)
	}
	text, code := run(t, t.TempDir(), append(a.serverFlags(), "--data-dir", dir)...)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	expectOneError(t, text, "extensions.heddle_storage", filepath.Join(dir, "wal"))
}
