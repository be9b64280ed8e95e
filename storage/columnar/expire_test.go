package columnar

import (
	"fmt"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage/columnar/manifest"
)

func TestChooseExpired(t *testing.T) {
	const now = 100 // the hour; each below has two parts of 50 bytes
	var parts []*livePart
	for _, hour := range []int64{100, 99, 90, 50} {
		for _, n := range []int{1, 0} {
			parts = append(parts, &livePart{Part: manifest.Part{ID: fmt.Sprint(hour, n), Hour: hour, Bytes: 40, IndexBytes: 10}})
		}
	}
	for _, c := range []struct {
		name   string
		r      Retention
		refuse bool
		free   int64
		gone   int // parts, the oldest ones
	}{
		{"no bound", Retention{MinFreeBytes: -1}, false, 0, 0},
		{"age", Retention{MaxAge: 10 * time.Hour}, false, 0, 2},
		{"age of an hour that has just ended", Retention{MaxAge: time.Hour}, false, 0, 4},
		{"bytes", Retention{MaxBytes: 300}, false, 0, 2},
		{"bytes of the last two hours, part by part", Retention{MaxBytes: 150}, false, 0, 5},
		{"bytes down to the present", Retention{MaxBytes: 99}, false, 0, 7},
		{"room", Retention{MinFreeBytes: 60}, false, 10, 2},
		{"room, but not the last two hours", Retention{MinFreeBytes: 1000}, false, 10, 4},
		{"refusing gives up nothing for bytes", Retention{MaxBytes: 150}, true, 0, 0},
		{"refusing gives up nothing for room", Retention{MinFreeBytes: 1000}, true, 10, 0},
		{"refusing gives up what is old", Retention{MaxAge: 10 * time.Hour, MinFreeBytes: 1000}, true, 10, 2},
	} {
		gone := chooseExpired(parts, c.r, !c.refuse, time.Unix(now*3600, 0), c.free)
		if len(gone) != c.gone {
			t.Errorf("%s: %d parts, want %d", c.name, len(gone), c.gone)
		}
		for _, p := range gone {
			for _, kept := range parts[:len(parts)-len(gone)] {
				if p == kept {
					t.Errorf("%s: part %s is not among the oldest", c.name, p.ID)
				}
			}
		}
	}
}
