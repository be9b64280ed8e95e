package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

var nodeDir = filepath.Join(root, "collector", "e2e", "node")

// installNode installs what the lock file says unless that is done. npm leaves
// a lock file of its own in the folder, which is older when ours has changed.
var installNode = sync.OnceValue(func() error {
	lock, err := os.Stat(filepath.Join(nodeDir, "package-lock.json"))
	if err != nil {
		return err
	}
	installed := filepath.Join(nodeDir, "node_modules", ".package-lock.json")
	if have, err := os.Stat(installed); err == nil && !have.ModTime().Before(lock.ModTime()) {
		return nil
	}
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = nodeDir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
})
