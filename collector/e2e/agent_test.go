package e2e

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// startAgent starts a heddle agent that receives at the addresses and forwards
// to endpoint, and waits until it receives.
func startAgent(t *testing.T, a addresses, dir, endpoint string) *process {
	t.Helper()
	args := append([]string{"agent", "--endpoint", endpoint, "--data-dir", filepath.Join(dir, "data")}, a.receiverFlags()...)
	p, err := start(dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	eventually(t, "the agent to listen", func() bool {
		if p.ended() {
			t.Fatalf("the agent ended with %v:\n%s", p.cmd.ProcessState, p.output)
		}
		conn, err := net.Dial("tcp", a.otlpHTTP)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return p
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatal("waited in vain for ", what)
}

// TestAgentKeepsWhatItTook sends to an agent while the heddle behind it is up,
// down and up again, and kills the agent in between. What the agent had
// acknowledged must arrive, whatever became of either.
func TestAgentKeepsWhatItTook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := launch(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.kill() })
	a, err := freeAddresses()
	if err != nil {
		t.Fatal(err)
	}
	agentDir := filepath.Join(dir, "agent")
	agent := startAgent(t, a, agentDir, store.otlpGRPC)
	arrived := func(ids []string) {
		t.Helper()
		for _, id := range ids {
			eventually(t, "trace "+id+" to arrive; the agent says:\n"+agent.output.String(), func() bool { return store.hasTrace(t, id) })
		}
	}

	const batch = 40
	arrived(sendTo(t, a, "before", batch))

	if err := store.terminate(); err != nil {
		t.Fatal(err)
	}
	taken := sendTo(t, a, "while heddle is down", batch)
	agent.kill() // as a power cut does
	agent = startAgent(t, a, agentDir, store.otlpGRPC)
	taken = append(taken, sendTo(t, a, "after the agent came back", batch)...)

	if store, err = startServer(store.addresses, store.dir, store.args); err != nil {
		t.Fatal(err)
	}
	taken = append(taken, sendTo(t, a, "after heddle came back", batch)...)
	arrived(taken)

	if err := agent.terminate(); err != nil {
		t.Error("stopping the agent: ", err)
	}
	store.mustStop(t)
}

// sendTo sends traces in requests of their own, every other one over gRPC, and
// returns the ids of those that were acknowledged, which must be all.
func sendTo(t *testing.T, a addresses, service string, n int) (ids []string) {
	t.Helper()
	for i := range n {
		sp := goodSpan()
		body := exportRequest(service, sp)
		if i%2 == 0 {
			if res := post(t, "http://"+a.otlpHTTP+"/v1/traces", body, "Content-Type", "application/x-protobuf"); res.code != http.StatusOK {
				t.Fatalf("%s: status %d: %s", service, res.code, res.body)
			}
		} else if res := grpcCall(t, a.otlpGRPC, otlpExport, "", grpcFrame(0, body)); res.code != 0 {
			t.Fatalf("%s: %v: %s", service, res.code, res.message)
		}
		ids = append(ids, fmt.Sprintf("%x", sp.traceID))
	}
	return ids
}
