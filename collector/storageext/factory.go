package storageext

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/heddle-io/heddle/storage"
)

// Type is the component type.
var Type = component.MustNewType("heddle_storage")

// Factory makes the extension and owns the stores that its extensions opened,
// one pair for each component id, until it is closed.
type Factory struct {
	extension.Factory

	backend Backend

	mu     sync.Mutex // guards pairs and closed
	pairs  map[component.ID]*pair
	closed bool
}

// pair is what one extension id holds through all configurations.
type pair struct {
	main, archive storage.Store
	config        Config // that it was opened with
}

// NewFactory returns a factory that opens stores with a backend, in the given
// directory where the configuration names none, and shows what they hold in
// metrics.
func NewFactory(backend Backend, directory string, metrics prometheus.Registerer) (*Factory, error) {
	f := &Factory{backend: backend, pairs: map[component.ID]*pair{}}
	f.Factory = extension.NewFactory(Type, func() component.Config { return createDefaultConfig(directory) }, f.create, component.StabilityLevelAlpha)
	if err := metrics.Register(&collector{factory: f}); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Factory) create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return &Extension{factory: f, id: set.ID, logger: set.Logger, config: *cfg.(*Config)}, nil
}

// take returns the stores of id, opening them when there are none yet. changed
// says that they are open with another configuration, which then stays in force.
func (f *Factory) take(ctx context.Context, id component.ID, cfg Config, logger *zap.Logger) (p *pair, changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, false, storage.ErrClosed
	}
	if p, ok := f.pairs[id]; ok {
		return p, p.config != cfg, nil
	}
	p = &pair{config: cfg}
	if p.main, err = f.backend.openMain(ctx, &cfg, logger); err != nil {
		return nil, false, fmt.Errorf("opening the store: %w", err)
	}
	if p.archive, err = f.backend.openArchive(ctx, &cfg, logger); err != nil {
		return nil, false, errors.Join(fmt.Errorf("opening the archive: %w", err), p.main.Close())
	}
	f.pairs[id] = p
	return p, false, nil
}

// each calls do for every open pair.
func (f *Factory) each(do func(component.ID, *pair)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, p := range f.pairs {
		do(id, p)
	}
}

// Close closes every store. It must be called when no extension runs any more.
func (f *Factory) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := make([]error, 0, 2*len(f.pairs))
	for _, p := range f.pairs {
		errs = append(errs, p.main.Close(), p.archive.Close())
	}
	clear(f.pairs)
	f.closed = true
	return errors.Join(errs...)
}

// Extension hands out the stores of one configuration.
type Extension struct {
	factory *Factory
	id      component.ID
	logger  *zap.Logger
	config  Config
	pair    *pair
}

var _ extension.Extension = (*Extension)(nil)

// Start opens the stores or takes over those of the configuration before.
func (e *Extension) Start(ctx context.Context, _ component.Host) error {
	p, changed, err := e.factory.take(ctx, e.id, e.config, e.logger)
	if err != nil {
		return err
	}
	e.pair = p
	if changed {
		e.logger.Warn("the store keeps its contents and its earlier settings: restart heddle to apply the new ones",
			zap.Stringer("max_bytes", p.config.Memory.MaxBytes), zap.Stringer("new_max_bytes", e.config.Memory.MaxBytes))
	}
	return nil
}

// Shutdown leaves the stores open for the next configuration.
func (e *Extension) Shutdown(context.Context) error { return nil }

// Store returns the main store. It may be called once the extension has started.
func (e *Extension) Store() storage.Store { return e.pair.main }

// Archive returns the store for traces to keep, with the obligations of Store.
func (e *Extension) Archive() storage.Store { return e.pair.archive }
