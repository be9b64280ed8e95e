package columnar

import (
	"fmt"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

func TestConformance(t *testing.T) {
	for _, rows := range []int{100, 65536} {
		if testing.Short() && rows > 100 {
			continue // the same goroutines meet in both
		}
		t.Run(fmt.Sprint("SealRows=", rows), func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Store {
				s, err := Open(Options{SealRows: rows})
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}
