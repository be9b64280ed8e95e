package collector_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"go.opentelemetry.io/collector/otelcol"

	"github.com/heddle-io/heddle/collector"
	"github.com/heddle-io/heddle/collector/storageext"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// slowly starts a heddle in this process whose store opens when opens is
// closed. It returns what ends it and how it ended.
func slowly(t *testing.T, opens <-chan struct{}) (s *server, stop func(), ended <-chan error) {
	t.Helper()
	components := func(p *collector.Process) (otelcol.Factories, error) {
		f, err := collector.Components(p)
		if err != nil {
			return f, err
		}
		f.Extensions[storageext.Type], err = storageext.NewFactory(storageext.Backend{
			OnDisk: func(ctx context.Context, o columnar.DiskOptions) (storage.Store, error) {
				select {
				case <-opens:
					return columnar.OpenDisk(ctx, o)
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			},
		}, p.DataDir, prometheus.NewRegistry())
		return f, err
	}
	s = newServer(t, "--data-dir", filepath.Join(t.TempDir(), "data"), "--log-level", "error")
	root := collector.NewCommand(components)
	root.SetArgs(s.cmd.Args[1:])
	root.SetOut(&s.stdout)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { failed <- root.ExecuteContext(ctx) }()
	return s, cancel, failed
}

// While a store is recovered heddle must say that it lives and is not ready,
// and take nothing.
func TestReadyOnceTheStoreIsOpen(t *testing.T) {
	opens := make(chan struct{})
	s, stop, ended := slowly(t, opens)
	s.eventually("it answers probes", func() bool { code, _ := s.get("/-/healthy"); return code == 200 })
	for path, want := range map[string]int{
		"/-/ready": 503, "/-/healthy": 200, "/metrics": 200, "/heddle/v1/status": 503, "/api/services": 503, "/jaeger/api/services": 503,
	} {
		if code, body := s.get(path); code != want {
			t.Errorf("%s: %d, want %d: %s", path, code, want, body)
		}
	}
	close(opens)
	s.waitReady()
	s.send(span(traceID(1), spanID(1)))
	for _, path := range []string{"/heddle/v1/status", "/api/services"} {
		if code, body := s.get(path); code != 200 {
			t.Errorf("%s: %d: %s", path, code, body)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestStopWhileTheStoreOpens(t *testing.T) {
	s, stop, ended := slowly(t, nil)
	s.eventually("it answers probes", func() bool { code, _ := s.get("/-/healthy"); return code == 200 })
	stop()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
