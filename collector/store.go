package collector

import (
	"go.opentelemetry.io/collector/component"

	"github.com/heddle-io/heddle/collector/storageext"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// storageID is the store's usual id.
var storageID = component.NewID(storageext.Type)

// openStore is the storageext.Open of the embedded columnar store.
func openStore(maxBytes int64, sealRows int, limits storage.Limits, evict bool) (storage.Store, error) {
	full := columnar.Refuse
	if evict {
		full = columnar.Evict
	}
	return columnar.Open(columnar.Options{MaxBytes: maxBytes, SealRows: sealRows, Limits: limits, WhenFull: full})
}
