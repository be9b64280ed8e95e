package catalog

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// Everybody does everything at once until the catalog is closed under them.
// Nothing that was acknowledged may be missing, and counters do not lose.
func TestConcurrentUse(t *testing.T) {
	o, _ := testOptions(t.TempDir())
	c := mustOpen(t, o)
	const workers, rounds = 4, 25
	var working, reading sync.WaitGroup
	for w := range workers {
		working.Go(func() {
			for i := range rounds {
				if _, err := c.Tombstones().Add(byTraceID(byte(1 + w))); err != nil {
					t.Error(err)
				}
				if err := c.Vocabulary("").Observe(service(10, "shared", OperationSeen{fmt.Sprint(w), 0, 1})); err != nil {
					t.Error(err)
				}
				if err := increment(c.Objects("")); err != nil {
					t.Error(err)
				}
				if err := c.Settings("").Set(fmt.Sprint(w), []byte{byte(i)}); err != nil {
					t.Error(err)
				}
			}
		})
		reading.Go(func() {
			for {
				_, err := c.Tombstones().Pending("")
				if err == nil {
					_, err = c.Vocabulary("").Services(0)
				}
				if err == nil {
					_, err = c.Objects("").List("counter")
				}
				if errors.Is(err, storage.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	working.Wait()
	mustClose(t, c)
	reading.Wait()

	c = mustOpen(t, o)
	list, err := c.Tombstones().List("")
	if err != nil || len(list) != workers*rounds {
		t.Errorf("%d tombstones, %v", len(list), err)
	}
	services, err := c.Vocabulary("").Services(0)
	if err != nil || len(services) != 1 || services[0].Count != workers*rounds || services[0].Operations != workers {
		t.Errorf("got %+v, %v", services, err)
	}
	counter, err := c.Objects("").Get("counter", "c")
	if err != nil || string(counter.JSON) != fmt.Sprint(workers*rounds) {
		t.Errorf("got %s, %v", counter.JSON, err)
	}
}

// increment is the compare-and-swap loop that a caller writes.
func increment(objects Objects) error {
	for {
		o, err := objects.Get("counter", "c")
		if errors.Is(err, ErrNotFound) {
			o, err = Object{Kind: "counter", ID: "c", JSON: []byte("0")}, nil
		}
		if err != nil {
			return err
		}
		var n int
		if _, err := fmt.Sscan(string(o.JSON), &n); err != nil {
			return err
		}
		o.JSON = fmt.Append(nil, n+1)
		if _, err = objects.Put(o); !errors.Is(err, ErrConflict) {
			return err
		}
	}
}
