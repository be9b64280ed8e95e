package storageext

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"

	"github.com/heddle-io/heddle/storage"
)

// Extension hands out the stores of one configuration.
//
// A store may have much to recover, and whoever watches heddle must be able to
// see that meanwhile. So Start only begins to open it, and the service is held
// up after all extensions have started, heddle_query among them, and before the
// first pipeline does: in NotifyConfigSnapshot, which is the hook there is.
type Extension struct {
	factory *Factory
	id      component.ID
	logger  *zap.Logger
	config  Config

	pair   *pair
	stop   context.CancelFunc // ends the opening; nil when there is none
	opened chan struct{}      // closed when the opening has ended
	err    error              // with which it did
}

var (
	_ extension.Extension                         = (*Extension)(nil)
	_ extensioncapabilities.ConfigSnapshotWatcher = (*Extension)(nil)
)

// Start begins to open the stores or takes over those of the configuration
// before.
func (e *Extension) Start(context.Context, component.Host) error {
	p, isOpen, err := e.factory.claim(e.id, e.config, e.logger)
	if err != nil {
		return e.fault(err)
	}
	e.pair, e.opened = p, make(chan struct{})
	if isOpen {
		close(e.opened)
		if changed := changes(&p.config, &e.config); len(changed) > 0 {
			e.logger.Warn("the store keeps its contents and its earlier settings: restart heddle to apply the new ones", zap.Strings("changed", changed))
		}
		return nil
	}
	var ctx context.Context
	ctx, e.stop = context.WithCancel(context.Background())
	go func() {
		defer close(e.opened)
		e.err = e.factory.open(ctx, e.id, p)
	}()
	return nil
}

// NotifyConfigSnapshot waits until the stores are open.
func (e *Extension) NotifyConfigSnapshot(ctx context.Context, _ extensioncapabilities.ConfigSnapshot) error {
	select {
	case <-e.opened:
		return e.fault(e.err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *Extension) fault(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("extensions.%s: %w", e.id, err)
}

// Shutdown leaves the stores open for the next configuration. An opening that
// is under way is given up.
func (e *Extension) Shutdown(context.Context) error {
	if e.stop != nil {
		e.stop()
		<-e.opened
	}
	return nil
}

// Store returns the main store. It may be called once pipelines start.
func (e *Extension) Store() storage.Store { return e.pair.main }

// Archive returns the store for traces to keep, with the obligations of Store.
func (e *Extension) Archive() storage.Store { return e.pair.archive }
