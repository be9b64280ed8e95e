package columnar

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// Groups are bounded by what their values take, too: values may be long.
func TestGroupsOfLongValues(t *testing.T) {
	a, err := newAggregator(storage.Aggregation{Window: storage.AllTime(), By: []storage.Key{storage.KeyName, storage.KeyKind}, MaxGroups: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", maxGroupText/10)
	for i := range 10 {
		err := a.makeGroup([]storage.Value{storage.String(fmt.Sprint(i) + long), storage.Int(int64(i))})
		if (err == nil) != (i < 9) || err != nil && !errors.Is(err, storage.ErrTooLarge) {
			t.Errorf("group %d: %v", i, err)
		}
	}
}
