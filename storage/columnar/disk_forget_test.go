package columnar

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
)

func TestChooseForgotten(t *testing.T) {
	now := time.Unix(0, modelEpoch)
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixNano() }
	// orders are pending ones and then one that was carried out at each time.
	orders := func(pending int, doneNs ...int64) []catalog.Tombstone {
		list := make([]catalog.Tombstone, pending+len(doneNs))
		for i, ns := range doneNs {
			list[pending+i].DoneNs = ns
		}
		return list
	}
	year, day, hour := ago(365*24*time.Hour), ago(24*time.Hour), ago(time.Hour)
	for _, c := range []struct {
		name string
		list []catalog.Tombstone
		gone int
	}{
		{"none", nil, 0},
		{"pending ones only", orders(catalog.MaxTombstones), 0},
		{"younger than the time", orders(3, ago(deletionsKept)), 0},
		{"older", orders(3, ago(deletionsKept+1), year, day), 2},
		{"half full", orders(deletionsCrowded-2, hour, day), 0},
		{"one more: the one that was carried out first", orders(deletionsCrowded-1, hour, day), 1},
		{"two more", orders(deletionsCrowded, hour, day), 2},
		{"many more than were carried out", orders(catalog.MaxTombstones-2, hour, day), 2},
		{"the younger of two is too young", orders(catalog.MaxTombstones-2, ago(time.Second), day), 1},
		{"both are too young", orders(catalog.MaxTombstones-2, ago(time.Second), ago(deletionsKeptLeast)), 0},
	} {
		before, gone := chooseForgotten(c.list, now), 0
		for _, d := range c.list {
			if !d.Pending() && d.DoneNs < before {
				gone++
			}
		}
		if gone != c.gone {
			t.Errorf("%s: %d are forgotten, want %d", c.name, gone, c.gone)
		}
	}
}

// TestDeletionsAreForgotten looks at the list of deletions over the months. One
// that cannot be carried out stays, whatever its age.
func TestDeletionsAreForgotten(t *testing.T) {
	now := time.Unix(0, modelEpoch)
	o := diskOptions()
	o.still, o.catalogDir = true, t.TempDir()
	o.now = func() time.Time { return now }
	s := openDisk(t, o)
	listed := func() (owners []int64) {
		t.Helper()
		s.disk.everyMinute()
		list, err := s.Deletions(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range list {
			owners = append(owners, st.Value.Int())
		}
		return owners
	}
	want := func(when string, owners ...int64) {
		t.Helper()
		if got := listed(); !slices.Equal(got, owners) {
			t.Errorf("%s the deletions of %v are listed, want %v", when, got, owners)
		}
	}
	for owner := range int64(3) {
		write(t, s, owned(owner, 2))
		deleteOwner(t, s, owner)
		if owner == 2 {
			break // it stays pending: nothing writes its rows as a part
		}
		flushed{s}.flush()
		mergeAll(t, s)
		now = now.Add(24 * time.Hour)
	}
	want("after two days", 2, 1, 0)
	now = now.Add(deletionsKept - 48*time.Hour)
	want("on the last day of the first", 2, 1, 0)
	now = now.Add(1)
	want("then", 2, 1)
	now = now.Add(10 * deletionsKept)
	want("years later", 2)

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openDisk(t, o)
	defer s.Close()
	want("after a restart", 2)
	if n := scanned(t, s, nil); n != 0 {
		t.Errorf("%d spans came back", n)
	}
	mergeAll(t, s)
	want("when the last is carried out", 2)
	now = now.Add(deletionsKept + 1)
	want("long after that")
}

// TestDeletionsNeverEnd orders more deletions than the catalog has room for.
func TestDeletionsNeverEnd(t *testing.T) {
	now := time.Unix(0, modelEpoch)
	o := diskOptions()
	o.still = true
	o.now = func() time.Time { return now }
	s := openDisk(t, o)
	defer s.Close()
	for owner := range int64(catalog.MaxTombstones + 1000) {
		if owner%1000 == 0 {
			mergeAll(t, s)
			s.disk.everyMinute()
			now = now.Add(deletionsKeptLeast + 1)
		}
		deleteOwner(t, s, owner)
	}
	list, err := s.Deletions(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(list); n < deletionsCrowded || n > deletionsCrowded+2000 {
		t.Errorf("%d deletions are listed, want about %d", n, deletionsCrowded)
	}
	if newest := list[0].Value; newest != storage.Int(catalog.MaxTombstones+999) {
		t.Errorf("the newest is that of %s", newest.Text())
	}
}
