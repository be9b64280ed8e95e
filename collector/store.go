package collector

import (
	"context"

	"go.opentelemetry.io/collector/otelcol"

	"github.com/heddle-io/heddle/collector/storageext"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// stores opens the embedded columnar store.
var stores = storageext.Backend{
	OnDisk: func(ctx context.Context, o columnar.DiskOptions) (storage.Store, error) {
		return orNil(columnar.OpenDisk(ctx, o))
	},
	InMemory: func(o columnar.Options) (storage.Store, error) { return orNil(columnar.Open(o)) },
}

// orNil keeps a nil pointer from becoming a store that is not nil.
func orNil(s *columnar.Store, err error) (storage.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// storageNotes say where the stores of a configuration keep their data.
func storageNotes(cfg *otelcol.Config) (notes []string) {
	for _, id := range cfg.Service.Extensions {
		if c, ok := cfg.Extensions[id].(*storageext.Config); ok {
			notes = append(notes, "storage: "+c.Describe())
		}
	}
	return notes
}
