package e2e

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestBackup copies the data of a running heddle with the script that comes
// with the systemd unit, and starts heddle on the copy.
func TestBackup(t *testing.T) {
	t.Parallel()
	s := newServer(t, "--set", "extensions::heddle_storage::seal::age=50ms")
	ids := sendTo(t, s.addresses, "to back up", 10)
	eventually(t, "everything to be in parts", func() bool {
		return s.metrics(t).sum("heddle_store_log_position", `store="main"`, `point="released"`) == float64(len(ids))
	})
	deleted := ids[0]
	if res, err := s.deleteTrace(t, deleted); err != nil || res.code/100 != 2 {
		t.Fatalf("deleting a trace: status %d: %s (%v)", res.code, res.body, err)
	}
	script := filepath.Join(root, "deployments", "systemd", "heddle-backup")
	data, copied := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "copy", "data")
	if text, err := exec.CommandContext(t.Context(), script, data, copied).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	// The original goes on, so that parts which the copy has are merged away.
	sendTo(t, s.addresses, "after the backup", 10)
	s.mustStop(t)

	if text, code := run(t, s.dir, "storage", "verify", "--data-dir", copied); code != 0 {
		t.Errorf("the copy does not verify: %s", text)
	}
	restored, err := launch(filepath.Join(s.dir, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { restored.mustStop(t) })
	for _, id := range ids {
		if restored.hasTrace(t, id) != (id != deleted) {
			t.Errorf("trace %s is in the copy: %v, it was deleted: %v", id, restored.hasTrace(t, id), id == deleted)
		}
	}
	restored.expectWell(t)

	if out, err := exec.CommandContext(t.Context(), script, data, copied).CombinedOutput(); err == nil {
		t.Errorf("it wrote over a copy: %s", out)
	}
}

func (s *server) deleteTrace(t *testing.T, id string) (response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "http://"+s.query+"/heddle/v1/traces/"+id, nil)
	if err != nil {
		return response{}, err
	}
	return do(req)
}
