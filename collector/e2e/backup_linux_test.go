package e2e

import (
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
	script := filepath.Join(root, "deployments", "systemd", "heddle-backup")
	data, copied := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "copy", "data")
	if text, err := exec.CommandContext(t.Context(), script, data, copied).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	// The original goes on, so that parts which the copy has are merged away.
	sendTo(t, s.addresses, "after the backup", 10)
	s.mustStop(t)

	restored, err := launch(filepath.Join(s.dir, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { restored.mustStop(t) })
	for _, id := range ids {
		if !restored.hasTrace(t, id) {
			t.Errorf("trace %s is not in the copy", id)
		}
	}
	if got := restored.metrics(t).sum("heddle_store_spans", `store="main"`); got != float64(len(ids)) {
		t.Errorf("%v spans in the copy, want %d", got, len(ids))
	}
	restored.expectWell(t)

	if out, err := exec.CommandContext(t.Context(), script, data, copied).CombinedOutput(); err == nil {
		t.Errorf("it wrote over a copy: %s", out)
	}
}
