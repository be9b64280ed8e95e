package columnar

import (
	"testing"
	"time"
)

func TestULIDsAscend(t *testing.T) {
	var u ulids
	now := time.UnixMilli(1_700_000_000_000)
	last := ""
	for i := range 5000 {
		id := u.next(now.Add(time.Duration(i/7-3) * time.Millisecond)) // the clock may stand, and go back
		if len(id) != 26 || id <= last {
			t.Fatalf("%q after %q", id, last)
		}
		last = id
	}
	// The example of the specification: this time is 01ARYZ6S41 in base 32.
	if id := new(ulids).next(time.UnixMilli(1469918176385)); id[:10] != "01ARYZ6S41" {
		t.Errorf("time is %s", id[:10])
	}
}
