package storageext

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

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

	mu     sync.Mutex // guards what follows and the stores of the pairs; not held while stores open
	pairs  map[component.ID]*pair
	closed bool
}

// pair is what one extension id holds through all configurations.
type pair struct {
	config        Config // that it was opened with
	logger        *zap.Logger
	main, archive storage.Store // nil while they are being opened
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

// claim returns the pair of id. When it is not open yet, open must follow.
func (f *Factory) claim(id component.ID, cfg Config, logger *zap.Logger) (p *pair, isOpen bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, false, storage.ErrClosed
	}
	if p, ok := f.pairs[id]; ok {
		return p, true, nil
	}
	for other, p := range f.pairs {
		if cfg.Directory != "" && absolute(cfg.Directory) == absolute(p.config.Directory) {
			return nil, false, fmt.Errorf("directory %s is that of %s: every heddle_storage needs its own", cfg.Directory, other)
		}
	}
	p = &pair{config: cfg, logger: logger}
	f.pairs[id] = p
	return p, false, nil
}

// open opens the stores of a pair that was claimed, or gives up the claim.
func (f *Factory) open(ctx context.Context, id component.ID, p *pair) error {
	main, archive, err := f.backend.open(ctx, &p.config, p.logger)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		delete(f.pairs, id)
		return err
	}
	p.main, p.archive = main, archive
	return nil
}

// each calls do for every open pair.
func (f *Factory) each(do func(component.ID, *pair)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, p := range f.pairs {
		if p.main != nil {
			do(id, p)
		}
	}
}

// Close closes every store. It must be called when no extension runs any more.
func (f *Factory) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := make([]error, 0, 2*len(f.pairs))
	for _, p := range f.pairs {
		started := time.Now()
		errs = append(errs, p.main.Close(), p.archive.Close())
		p.logger.Info("the store is closed", zap.String("storage", p.config.Describe()), zap.Duration("took", time.Since(started)))
	}
	clear(f.pairs)
	f.closed = true
	return errors.Join(errs...)
}
