package catalog

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

var keyUser = storage.Key{Scope: storage.ScopeSpan, Name: "user.id"}

func mustObserve(t *testing.T, v Vocabulary, o Observation) {
	t.Helper()
	if err := v.Observe(o); err != nil {
		t.Fatal(err)
	}
}

// services is an observation of one service.
func service(hour int64, name string, operations ...OperationSeen) Observation {
	return Observation{SeenNs: hour * hourNs, Services: []ServiceSeen{{name, operations}}}
}

// key is an observation of a key with one type.
func key(hour int64, k storage.Key, typ storage.Type, count uint64) Observation {
	return Observation{SeenNs: hour * hourNs, Keys: []KeySeen{{k, typ, count}}}
}

func TestVocabulary(t *testing.T) {
	modes(t, func(t *testing.T, c *Catalog, _ *clock, reopen func(*Catalog) *Catalog) {
		v := c.Vocabulary("")
		mustObserve(t, v, Observation{
			SeenNs: 10*hourNs + 5,
			Services: []ServiceSeen{
				{"cart", []OperationSeen{{"GET", 2, 3}, {"GET", 3, 1}, {"GET", 2, 1}}},
				{"", []OperationSeen{{"GET", 2, 3}}},
				{"bare", nil},
				{"cart", []OperationSeen{{"PUT", 2, 1}}},
			},
			Keys: []KeySeen{
				{keyUser, storage.TypeString, 3}, {keyUser, storage.TypeInt, 4}, {keyUser, storage.TypeString, 2},
				{storage.KeyService, storage.TypeArray, 1},
			},
		})
		mustObserve(t, v, service(12, "cart", OperationSeen{"PUT", 2, 6}))
		mustObserve(t, v, service(11, "cart", OperationSeen{"PUT", 2, 1}))
		mustObserve(t, c.Vocabulary("acme"), service(12, "theirs", OperationSeen{"GET", 2, 1}))

		c = reopen(c)
		v = c.Vocabulary("")
		services, err := v.Services(0)
		if want := []ServiceFact{{"bare", 10 * hourNs, 0, 0}, {"cart", 12 * hourNs, 13, 3}}; err != nil || !reflect.DeepEqual(services, want) {
			t.Errorf("services: got %+v, %v", services, err)
		}
		services, err = v.Services(12*hourNs + 99)
		if err != nil || len(services) != 1 || services[0].Name != "cart" {
			t.Errorf("services since: got %+v, %v", services, err)
		}
		operations, err := v.Operations("cart", 0)
		if want := []OperationFact{{"GET", 2, 10 * hourNs, 4}, {"GET", 3, 10 * hourNs, 1}, {"PUT", 2, 12 * hourNs, 8}}; err != nil || !reflect.DeepEqual(operations, want) {
			t.Errorf("operations: got %+v, %v", operations, err)
		}
		operations, err = v.Operations("cart", 12*hourNs)
		if err != nil || len(operations) != 1 {
			t.Errorf("operations since: got %+v, %v", operations, err)
		}
		operations, err = v.Operations("car", 0)
		if err != nil || operations != nil {
			t.Errorf("operations of no service: got %+v, %v", operations, err)
		}
		keys, err := v.Keys(0)
		at := 10 * hourNs
		want := []KeyFact{
			{storage.KeyService, []TypeFact{{storage.TypeArray, at, 1}}, at, 1},
			{keyUser, []TypeFact{{storage.TypeString, at, 5}, {storage.TypeInt, at, 4}}, at, 9},
		}
		if err != nil || !reflect.DeepEqual(keys, want) {
			t.Errorf("keys: got %+v, %v", keys, err)
		}
		if keys, err := v.Keys(11 * hourNs); err != nil || keys != nil {
			t.Errorf("keys since: got %+v, %v", keys, err)
		}
		if services, _ := c.Vocabulary("acme").Services(0); len(services) != 1 || services[0].Name != "theirs" {
			t.Errorf("services of another tenant: %+v", services)
		}
		wantError(t, c.Vocabulary(AllTenants).Observe(Observation{}), ErrInvalid)
	})
}

func TestTimesAheadOfTheClockAreNow(t *testing.T) {
	o, now := testOptions("")
	v := mustOpen(t, o).Vocabulary("")
	now.set(5 * hourNs)
	mustObserve(t, v, service(9999, "future"))
	mustObserve(t, v, service(-9, "past"))
	services, err := v.Services(0)
	if err != nil || len(services) != 2 || services[0].LastSeenNs != 5*hourNs || services[1].LastSeenNs != 0 {
		t.Errorf("got %+v, %v", services, err)
	}
}

func TestNamesThatAreNotUsableAreCounted(t *testing.T) {
	o, _ := testOptions("")
	v := mustOpen(t, o).Vocabulary("")
	long := strings.Repeat("x", MaxNameBytes+1)
	mustObserve(t, v, Observation{
		Services: []ServiceSeen{{long, nil}, {"\xff", nil}, {"a", []OperationSeen{{long, 0, 1}, {"", 0, 1}}}},
		Keys: []KeySeen{
			{Key: storage.Key{Name: long}, Type: storage.TypeInt}, {Key: storage.Key{Name: ""}, Type: storage.TypeInt},
			{Key: keyUser}, {Key: storage.Key{Scope: 99, Name: "a"}, Type: storage.TypeInt},
		},
	})
	if l, err := v.Losses(); err != nil || l != (Losses{Names: 7}) {
		t.Errorf("got %+v, %v", l, err)
	}
	if services, _ := v.Services(0); len(services) != 1 || services[0].Operations != 1 {
		t.Errorf("got %+v", services)
	}
}

// What does not fit gives way by hour, then by count; what was there stays in
// a tie.
func TestServicesAndKeysAreBounded(t *testing.T) {
	storagetest.Long(t)
	o, _ := testOptions("")
	v := mustOpen(t, o).Vocabulary("")
	fill := Observation{SeenNs: 10 * hourNs}
	for i := range MaxServices {
		fill.Services = append(fill.Services, ServiceSeen{fmt.Sprintf("s%05d", i), []OperationSeen{{"op", 0, 10}}})
		fill.Keys = append(fill.Keys, KeySeen{Key: storage.Key{Scope: storage.ScopeSpan, Name: fmt.Sprintf("k%05d", i)}, Type: storage.TypeInt, Count: 10})
	}
	mustObserve(t, v, fill)
	next := func(hour int64, name string, count uint64) {
		mustObserve(t, v, Observation{
			SeenNs:   hour * hourNs,
			Services: []ServiceSeen{{name, []OperationSeen{{"op", 0, count}}}},
			Keys:     []KeySeen{{Key: storage.Key{Scope: storage.ScopeSpan, Name: name}, Type: storage.TypeInt, Count: count}},
		})
	}
	has := func(name string) bool {
		t.Helper()
		operations, err := v.Operations(name, 0)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		keys, err := v.Keys(0)
		if err != nil || len(keys) != MaxKeys {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		for _, k := range keys {
			found = found || k.Key.Name == name || k.Key.Name == strings.Replace(name, "s", "k", 1)
		}
		if found != (len(operations) > 0) {
			t.Errorf("%s: services and keys disagree", name)
		}
		return found
	}
	for _, step := range []struct {
		what  string
		hour  int64
		name  string
		count uint64
		in    bool
		out   string // what gave way; the lowest in a tie
	}{
		{"older", 9, "older", 1000, false, ""},
		{"rarer", 10, "rarer", 9, false, ""},
		{"as frequent", 10, "equal", 10, false, ""},
		{"more frequent", 10, "frequent", 11, true, "s00000"},
		{"newer", 11, "newer", 1, true, "s00001"},
		{"known", 11, "newer", 1, true, ""},
	} {
		next(step.hour, step.name, step.count)
		if has(step.name) != step.in {
			t.Errorf("%s: is in %v", step.what, !step.in)
		}
		if step.out != "" && has(step.out) {
			t.Errorf("%s: %s should have given way", step.what, step.out)
		}
	}
	if l, err := v.Losses(); err != nil || l != (Losses{Services: 5, Keys: 5}) {
		t.Errorf("losses: got %+v, %v", l, err)
	}
}

func TestOperationsAreBounded(t *testing.T) {
	o, _ := testOptions("")
	v := mustOpen(t, o).Vocabulary("")
	fill := ServiceSeen{Name: "a"}
	for i := range MaxOperations {
		fill.Operations = append(fill.Operations, OperationSeen{fmt.Sprintf("op%03d", i), 0, uint64(10 + i)})
	}
	mustObserve(t, v, Observation{SeenNs: 10 * hourNs, Services: []ServiceSeen{fill}})
	mustObserve(t, v, service(10, "a", OperationSeen{"rare", 0, 9}, OperationSeen{"frequent", 0, 10_000}))
	mustObserve(t, v, service(11, "a", OperationSeen{"newer", 0, 1}))
	operations, err := v.Operations("a", 0)
	if err != nil || len(operations) != MaxOperations {
		t.Fatalf("%d operations, %v", len(operations), err)
	}
	if operations[0].Name != "frequent" || operations[1].Name != "newer" || operations[2].Name != "op002" {
		t.Errorf("got %+v", operations[:3])
	}
	if l, _ := v.Losses(); l != (Losses{Operations: 3}) {
		t.Errorf("losses: got %+v", l)
	}
}

func TestLargeObservationsAreSplit(t *testing.T) {
	storagetest.Long(t)
	modes(t, func(t *testing.T, c *Catalog, _ *clock, reopen func(*Catalog) *Catalog) {
		o := Observation{SeenNs: hourNs}
		long := strings.Repeat("x", MaxNameBytes-5)
		for k := range 2000 {
			o.Keys = append(o.Keys, KeySeen{Key: storage.Key{Scope: storage.ScopeSpan, Name: fmt.Sprintf("%s%05d", long, k)}, Type: storage.TypeString, Count: 1})
		}
		for range 2 {
			mustObserve(t, c.Vocabulary(""), o)
		}
		c = reopen(c)
		keys, err := c.Vocabulary("").Keys(0)
		if err != nil || len(keys) != len(o.Keys) {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		for _, k := range keys {
			if k.Count != 2 {
				t.Fatalf("%v: count %d, %v", k.Key, k.Count, err)
			}
		}
	})
}

func TestExpire(t *testing.T) {
	modes(t, func(t *testing.T, c *Catalog, _ *clock, reopen func(*Catalog) *Catalog) {
		v := c.Vocabulary("")
		mustObserve(t, v, service(10, "old", OperationSeen{"a", 0, 1}))
		mustObserve(t, v, service(10, "both", OperationSeen{"old", 0, 1}))
		mustObserve(t, v, service(20, "both", OperationSeen{"new", 0, 1}))
		mustObserve(t, v, key(10, keyUser, storage.TypeString, 1))
		mustObserve(t, v, key(20, keyUser, storage.TypeString, 1))
		mustObserve(t, v, key(10, keyUser, storage.TypeInt, 1))
		mustObserve(t, v, key(10, storage.KeyService, storage.TypeString, 1))
		mustObserve(t, c.Vocabulary("acme"), service(10, "theirs"))

		if e, err := v.Expire(10*hourNs + 77); err != nil || e != (Expired{}) {
			t.Errorf("nothing is older than its own hour: %+v, %v", e, err)
		}
		e, err := v.Expire(20 * hourNs)
		if want := (Expired{Services: 1, Operations: 1, Keys: 1}); err != nil || e != want {
			t.Errorf("got %+v, %v, want %+v", e, err, want)
		}
		c = reopen(c)
		v = c.Vocabulary("")
		services, _ := v.Services(0)
		if want := []ServiceFact{{"both", 20 * hourNs, 2, 1}}; !reflect.DeepEqual(services, want) {
			t.Errorf("services: got %+v", services)
		}
		keys, _ := v.Keys(0)
		if want := []KeyFact{{keyUser, []TypeFact{{storage.TypeString, 20 * hourNs, 2}}, 20 * hourNs, 2}}; !reflect.DeepEqual(keys, want) {
			t.Errorf("keys: got %+v", keys)
		}
		if services, _ := c.Vocabulary("acme").Services(0); len(services) != 1 {
			t.Error("another tenant's services must stay")
		}
	})
}

// A record that cannot be read is an error for readers, and is replaced when
// the thing is seen again or removed by Expire.
func TestDamagedRecords(t *testing.T) {
	o, _ := testOptions("")
	c := mustOpen(t, o)
	v := c.Vocabulary("")
	damage := func() {
		t.Helper()
		err := c.update("damage", whole, func(tx *transaction) error {
			for _, key := range [][]byte{
				serviceKey(DefaultTenant, "a"), attributeKey(DefaultTenant, keyUser),
			} {
				if err := tx.set(key, []byte{recordVersion, 0xff}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := func() Observation {
		o := key(10, keyUser, storage.TypeString, 1)
		o.Services = []ServiceSeen{{"a", []OperationSeen{{"op", 0, 1}}}}
		return o
	}
	damage()
	for name, call := range map[string]func() error{
		"Services":   func() error { _, err := v.Services(0); return err },
		"Operations": func() error { _, err := v.Operations("a", 0); return err },
		"Keys":       func() error { _, err := v.Keys(0); return err },
	} {
		if err := call(); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	mustObserve(t, v, seen())
	if keys, err := v.Keys(0); err != nil || len(keys) != 1 {
		t.Errorf("keys seen again: %+v, %v", keys, err)
	}
	damage()
	if e, err := v.Expire(0); err != nil || e != (Expired{Damaged: 2}) {
		t.Errorf("got %+v, %v", e, err)
	}
	if services, err := v.Services(0); err != nil || services != nil {
		t.Errorf("got %+v, %v", services, err)
	}
	mustObserve(t, v, seen())
	if services, err := v.Services(0); err != nil || len(services) != 1 {
		t.Errorf("got %+v, %v", services, err)
	}
}
