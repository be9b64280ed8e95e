package queryext

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"

	"github.com/heddle-io/heddle/query/red"
	"github.com/heddle-io/heddle/storage"
)

// StorageExtension is what the server needs of the extension it is told to
// query. heddle_storage has it.
type StorageExtension interface {
	// Store and Archive return the stores to query. They may be called once
	// the pipelines have started.
	Store() storage.Store
	Archive() storage.Store
}

// graphCacheBytes is enough for graphs with a hundred edges over some 50 million
// spans.
const graphCacheBytes = 24 << 20

type query struct {
	config   *Config
	set      extension.Settings
	process  Process
	counters *counters
	gate     *gate

	stores  StorageExtension
	apis    []*api
	rpc     *rpc
	ready   atomic.Bool // receivers run
	server  *http.Server
	serving sync.WaitGroup

	graphs    *red.GraphCache
	preparing sync.WaitGroup
	stop      context.CancelFunc // of preparing graphs; nil: not begun
}

var (
	_ extension.Extension                   = (*query)(nil)
	_ extensioncapabilities.Dependent       = (*query)(nil)
	_ extensioncapabilities.PipelineWatcher = (*query)(nil)
)

// Dependencies makes the store start first and stop last.
func (q *query) Dependencies() []component.ID { return []component.ID{q.config.Storage} }

// Ready and NotReady implement extensioncapabilities.PipelineWatcher. The
// stores are open when pipelines run.
func (q *query) Ready() error {
	for _, a := range q.apis {
		h := a.open(q.stores)
		a.opened.Store(&h)
	}
	q.rpc.open()
	q.rpc.SetReady(true)
	q.ready.Store(true)
	ctx, stop := context.WithCancel(context.Background())
	q.stop = stop
	q.preparing.Go(func() {
		ticks := time.NewTicker(prepareEvery)
		defer ticks.Stop()
		q.prepareGraphs(ctx, q.stores.Store().Spans(), ticks.C)
	})
	return nil
}

func (q *query) NotReady() error {
	if q.stop != nil {
		q.stop()
		q.preparing.Wait()
	}
	q.rpc.SetReady(false)
	q.ready.Store(false)
	return nil
}

// Start begins to serve before the stores are open: probes and /metrics are of
// use while they are recovered.
func (q *query) Start(ctx context.Context, host component.Host) (err error) {
	if q.stores, err = q.findStorage(host); err != nil {
		return err
	}
	q.graphs = red.NewGraphCache(graphCacheBytes)
	q.apis = q.newAPIs()
	q.rpc = q.newRPC()
	if q.server, err = q.newServer(ctx, host, q.routes()); err != nil {
		return err
	}
	listener, err := q.config.ServerConfig.ToListener(ctx)
	if err != nil {
		return err
	}
	q.serving.Go(func() {
		if err := q.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	return nil
}

func (q *query) findStorage(host component.Host) (StorageExtension, error) {
	found, ok := host.GetExtensions()[q.config.Storage]
	if !ok {
		return nil, fmt.Errorf("storage: there is no extension %q: configure it under extensions and list it in service::extensions", q.config.Storage)
	}
	stores, ok := found.(StorageExtension)
	if !ok {
		return nil, fmt.Errorf("storage: the extension %q holds no store: name one of type heddle_storage", q.config.Storage)
	}
	return stores, nil
}

// Shutdown waits for requests under way as long as ctx allows.
func (q *query) Shutdown(ctx context.Context) error {
	if q.server == nil {
		return nil
	}
	q.rpc.stopping()
	if err := q.NotReady(); err != nil {
		return err
	}
	err := q.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, q.server.Close())
	}
	q.rpc.Stop()
	q.serving.Wait()
	return err
}
