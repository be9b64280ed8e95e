package e2e

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := stopShared(); err != nil {
		fmt.Fprintln(os.Stderr, "the shared server did not stop well:", err)
		code = 1
	}
	os.RemoveAll(scratch())
	os.Exit(code)
}

// scratch is a folder that lives as long as the test binary.
var scratch = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "heddle-e2e-")
	if err != nil {
		panic(err)
	}
	return dir
})

var (
	sharedOnce   sync.Once
	sharedServer *server
	errShared    error
)

// shared returns the server that tests use whose traces do not get in each
// other's way.
func shared(t *testing.T) *server {
	t.Helper()
	sharedOnce.Do(func() { sharedServer, errShared = launch(scratch() + "/shared") })
	if errShared != nil {
		t.Fatal(errShared)
	}
	return sharedServer
}

// unique is a service name that no other test, nor the same one before, uses.
func unique(name string) string { return name + "-" + newSpanID().String() }

func stopShared() error {
	sharedOnce.Do(func() { errShared = errors.New("never started") })
	if sharedServer == nil {
		return nil
	}
	return sharedServer.terminate()
}
