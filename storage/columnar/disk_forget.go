package columnar

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/heddle-io/heddle/storage/catalog"
)

// Deletions that were carried out stay listed so that people can look them up.
// The catalog takes no order when it has catalog.MaxTombstones, so in a list
// that is more than half full the oldest go earlier. None goes at once: who
// has just ordered it looks for it, and an Inspection that listed the parts
// before the deletion was carried out reads the orders after that.
const (
	deletionsKept      = 90 * 24 * time.Hour
	deletionsKeptLeast = 10 * time.Minute
	deletionsCrowded   = catalog.MaxTombstones / 2
)

// forgetDeletions takes deletions off the list that were carried out long ago.
func (d *disk) forgetDeletions() error {
	list, err := d.catalog.Tombstones().List(catalog.AllTenants)
	if err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	before := chooseForgotten(list, d.opts.now())
	if !slices.ContainsFunc(list, func(t catalog.Tombstone) bool { return !t.Pending() && t.DoneNs < before }) {
		return nil // so that nothing is written
	}
	n, err := d.catalog.Tombstones().Forget(before)
	if err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	d.opts.Logger.Info("deletions that were carried out are not listed any more", "deletions", n)
	return nil
}

// chooseForgotten returns the time before which a deletion must have been
// carried out to be forgotten.
func chooseForgotten(list []catalog.Tombstone, now time.Time) (beforeNs int64) {
	beforeNs = now.Add(-deletionsKept).UnixNano()
	surplus := len(list) - deletionsCrowded
	if surplus <= 0 {
		return beforeNs
	}
	done := slices.DeleteFunc(slices.Clone(list), catalog.Tombstone.Pending)
	slices.SortFunc(done, func(a, b catalog.Tombstone) int { return cmp.Compare(a.DoneNs, b.DoneNs) })
	if surplus = min(surplus, len(done)); surplus > 0 {
		crowded := min(done[surplus-1].DoneNs+1, now.Add(-deletionsKeptLeast).UnixNano())
		beforeNs = max(beforeNs, crowded)
	}
	return beforeNs
}
