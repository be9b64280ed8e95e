package columnar

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// When there is no room for another value, those that are known are counted
// right, and the answer says that it is not whole.
func TestValueCountsAreBounded(t *testing.T) {
	c := newValueCounts("")
	c.most = 2
	for _, v := range []storage.Value{storage.Int(1), storage.Int(2), storage.Int(2), storage.Int(1)} {
		c.add(v, 1)
	}
	if c.cut {
		t.Error("cut although all were counted")
	}
	c.add(storage.Int(3), 5)
	c.add(storage.Int(1), 5)
	if want := map[storage.Value]uint64{storage.Int(1): 7, storage.Int(2): 2}; !maps.Equal(c.counts, want) || !c.cut {
		t.Errorf("%v, cut %v", c.counts, c.cut)
	}

	c = newValueCounts("")
	long := strings.Repeat("x", maxHeldValueText/4)
	for i := range 8 {
		c.add(storage.String(fmt.Sprint(i)+long), 1)
	}
	if len(c.counts) != 4 || !c.cut {
		t.Errorf("%d values, cut %v", len(c.counts), c.cut)
	}
}
