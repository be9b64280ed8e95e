package catalog

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

func byTraceID(b byte) Tombstone {
	return Tombstone{Signals: SignalBoth, TraceID: &storage.TraceID{15: b}, LSN: 7, DeadlineNs: testNowNs + 5, Reason: "ticket 12"}
}

func ids(list []Tombstone) (ids []uint64) {
	for _, t := range list {
		ids = append(ids, t.ID)
	}
	return ids
}

func TestTombstones(t *testing.T) {
	modes(t, func(t *testing.T, c *Catalog, now *clock, reopen func(*Catalog) *Catalog) {
		s := c.Tombstones()
		first, err := s.Add(byTraceID(1))
		if err != nil {
			t.Fatal(err)
		}
		want := byTraceID(1)
		want.ID, want.Tenant, want.CreatedNs = 1, DefaultTenant, testNowNs
		if !reflect.DeepEqual(first, want) {
			t.Errorf("Add returned %+v, want %+v", first, want)
		}
		where := &Match{storage.Key{Scope: storage.ScopeSpan, Name: "user.id"}, storage.Int(-42)}
		second, err := s.Add(Tombstone{ID: 99, DoneNs: 5, RowsDeleted: 5, Tenant: "acme", Signals: SignalLogs, Where: where})
		if err != nil || second.ID != 2 || !second.Pending() || second.RowsDeleted != 0 {
			t.Fatalf("got %+v, %v", second, err)
		}
		where.Value = storage.Int(1)

		c = reopen(c)
		s = c.Tombstones()
		list, err := s.List(AllTenants)
		if err != nil || !reflect.DeepEqual(list, []Tombstone{first, second}) || list[1].Where.Value != storage.Int(-42) {
			t.Errorf("got %+v, %v", list, err)
		}
		for tenant, want := range map[string][]uint64{"": {1}, DefaultTenant: {1}, "acme": {2}, "nobody": nil} {
			if list, err := s.Pending(tenant); err != nil || !reflect.DeepEqual(ids(list), want) {
				t.Errorf("pending of %q: got %v, %v, want %v", tenant, ids(list), err, want)
			}
		}

		now.set(testNowNs + 10)
		if err := s.Finish(1, 33); err != nil {
			t.Fatal(err)
		}
		now.set(testNowNs + 20)
		if err := s.Finish(1, 44); err != nil {
			t.Error("finishing again must be harmless:", err)
		}
		wantError(t, s.Finish(3, 0), ErrNotFound)
		c = reopen(c)
		s = c.Tombstones()
		list, err = s.List("")
		if err != nil || len(list) != 1 || list[0].DoneNs != testNowNs+10 || list[0].RowsDeleted != 33 {
			t.Errorf("got %+v, %v", list, err)
		}
		if list, _ := s.Pending(AllTenants); !reflect.DeepEqual(ids(list), []uint64{2}) {
			t.Errorf("pending: got %v", ids(list))
		}

		for _, test := range []struct {
			before int64
			want   int
		}{{testNowNs + 10, 0}, {testNowNs + 11, 1}, {1 << 62, 0}} {
			if n, err := s.Forget(test.before); err != nil || n != test.want {
				t.Errorf("forgot %d before %d, %v, want %d", n, test.before, err, test.want)
			}
		}
		if err := s.Finish(2, 0); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Forget(1 << 62); err != nil || n != 1 {
			t.Errorf("forgot %d, %v", n, err)
		}
		c = reopen(c)
		third, err := c.Tombstones().Add(byTraceID(3))
		if err != nil || third.ID != 3 {
			t.Errorf("got id %d, %v; ids of forgotten tombstones must not come back", third.ID, err)
		}
	})
}

func TestTombstonesThatCannotBe(t *testing.T) {
	o, _ := testOptions("")
	c := mustOpen(t, o)
	key := storage.Key{Scope: storage.ScopeSpan, Name: "k"}
	for name, change := range map[string]func(*Tombstone){
		"no signal":        func(t *Tombstone) { t.Signals = 0 },
		"unknown signal":   func(t *Tombstone) { t.Signals = 4 },
		"nothing selected": func(t *Tombstone) { t.TraceID = nil },
		"both selected":    func(t *Tombstone) { t.Where = &Match{key, storage.Int(1)} },
		"empty trace id":   func(t *Tombstone) { t.TraceID = &storage.TraceID{} },
		"absent value":     func(t *Tombstone) { t.TraceID, t.Where = nil, &Match{Key: key} },
		"array":            func(t *Tombstone) { t.TraceID, t.Where = nil, &Match{key, storage.Array("")} },
		"no key":           func(t *Tombstone) { t.TraceID, t.Where = nil, &Match{Value: storage.Int(1)} },
		"unknown scope": func(t *Tombstone) {
			t.TraceID, t.Where = nil, &Match{storage.Key{Scope: 99, Name: "k"}, storage.Int(1)}
		},
		"long value": func(t *Tombstone) {
			t.TraceID, t.Where = nil, &Match{key, storage.String(strings.Repeat("x", MaxMatchBytes+1))}
		},
		"long reason":    func(t *Tombstone) { t.Reason = strings.Repeat("x", MaxReasonBytes+1) },
		"reason":         func(t *Tombstone) { t.Reason = "\xff" },
		"early deadline": func(t *Tombstone) { t.DeadlineNs = -1 },
		"tenant":         func(t *Tombstone) { t.Tenant = "a\x00b" },
		"all tenants":    func(t *Tombstone) { t.Tenant = AllTenants },
	} {
		tombstone := byTraceID(1)
		change(&tombstone)
		if _, err := c.Tombstones().Add(tombstone); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if list, err := c.Tombstones().List(AllTenants); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v", list, err)
	}
}

func TestTombstonesAreBounded(t *testing.T) {
	storagetest.Long(t)
	o, _ := testOptions("")
	c := mustOpen(t, o)
	for range MaxTombstones {
		if _, err := c.Tombstones().Add(byTraceID(1)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Tombstones().Add(byTraceID(1))
	wantError(t, err, storage.ErrTooLarge)
	list, err := c.Tombstones().Pending("")
	if err != nil || len(list) != MaxTombstones {
		t.Fatalf("got %d, %v", len(list), err)
	}
	for _, tombstone := range list {
		if err := c.Tombstones().Finish(tombstone.ID, 1); err != nil {
			t.Fatal(err)
		}
	}
	forgotten := 0
	for {
		n, err := c.Tombstones().Forget(1 << 62)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		forgotten += n
	}
	if list, _ := c.Tombstones().List(AllTenants); forgotten != MaxTombstones || len(list) != 0 {
		t.Errorf("forgot %d, %d are left", forgotten, len(list))
	}
}
