package client

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestIsWhatTheContractSays generates the client again. Where that fails
// because the generator cannot be fetched, nothing was proven, so it fails.
func TestIsWhatTheContractSays(t *testing.T) {
	// Read here, so that go test knows what the outcome depends on.
	for _, file := range []string{"../openapi.yaml", "config.yaml", "../../../../.ci/tools/go.mod"} {
		if _, err := os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("client.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "client.gen.go")
	text, err := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../../../.ci/tools/go.mod", "oapi-codegen", "-config", "config.yaml", "-o", file, "../openapi.yaml").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("client.gen.go is not what the generator makes of openapi.yaml: run make generate")
	}
}
