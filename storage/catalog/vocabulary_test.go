package catalog

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
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

// values is an observation of strings under keyUser, with counts.
func values(hour int64, counts map[string]uint64) Observation {
	k := KeySeen{Key: keyUser, Type: storage.TypeString}
	for v, n := range counts {
		k.Count += n
		k.Values = append(k.Values, storage.ValueCount{Value: storage.String(v), Count: n})
	}
	return Observation{SeenNs: hour * hourNs, Keys: []KeySeen{k}}
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
				{Key: keyUser, Type: storage.TypeString, Count: 5, Values: []storage.ValueCount{{Value: storage.String("7"), Count: 3}, {Value: storage.String("8"), Count: 2}}},
				{Key: keyUser, Type: storage.TypeInt, Count: 4, Values: []storage.ValueCount{{Value: storage.Int(7), Count: 4}}},
				{Key: storage.KeyService, Type: storage.TypeArray, Count: 1, Values: []storage.ValueCount{{Value: storage.Array(""), Count: 1}}},
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
			{storage.KeyService, []TypeFact{{storage.TypeArray, at, 1}}, at, 1, true},
			{keyUser, []TypeFact{{storage.TypeString, at, 5}, {storage.TypeInt, at, 4}}, at, 9, false},
		}
		if err != nil || !reflect.DeepEqual(keys, want) {
			t.Errorf("keys: got %+v, %v", keys, err)
		}
		if keys, err := v.Keys(11 * hourNs); err != nil || keys != nil {
			t.Errorf("keys since: got %+v, %v", keys, err)
		}
		for _, test := range []struct {
			prefix string
			limit  int
			want   TopValues
		}{
			{"", 0, TopValues{Values: []ValueFact{{storage.Int(7), at, 4}, {storage.String("7"), at, 3}, {storage.String("8"), at, 2}}}},
			{"8", 0, TopValues{Values: []ValueFact{{storage.String("8"), at, 2}}}},
			{"7", 1, TopValues{Values: []ValueFact{{storage.Int(7), at, 4}}, More: true}},
			{"7", 2, TopValues{Values: []ValueFact{{storage.Int(7), at, 4}, {storage.String("7"), at, 3}}}},
			{"x", 0, TopValues{}},
		} {
			if top, err := v.TopValues(keyUser, test.prefix, test.limit); err != nil || !reflect.DeepEqual(top, test.want) {
				t.Errorf("values with %q, at most %d: got %+v, %v", test.prefix, test.limit, top, err)
			}
		}
		if top, err := v.TopValues(storage.Key{Name: "no"}, "", 0); err != nil || !reflect.DeepEqual(top, TopValues{}) {
			t.Errorf("values of no key: got %+v, %v", top, err)
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
	o, _ := testOptions("")
	v := mustOpen(t, o).Vocabulary("")
	fill := Observation{SeenNs: 10 * hourNs}
	for i := range MaxServices {
		fill.Services = append(fill.Services, ServiceSeen{fmt.Sprintf("s%05d", i), []OperationSeen{{"op", 0, 10}}})
		fill.Keys = append(fill.Keys, KeySeen{Key: storage.Key{Scope: storage.ScopeSpan, Name: fmt.Sprintf("k%05d", i)}, Type: storage.TypeInt, Count: 10,
			Values: []storage.ValueCount{{Value: storage.Int(1), Count: 10}}})
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
	if top, err := v.TopValues(storage.Key{Scope: storage.ScopeSpan, Name: "k00000"}, "", 0); err != nil || top.Values != nil {
		t.Errorf("values of a key that gave way: %+v, %v", top, err)
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

// The bound that Misra and Gries promise, on values of very different
// frequency that arrive in many parts.
func TestTopValuesKeepTheirBound(t *testing.T) {
	o, _ := testOptions("")
	v := mustOpen(t, o).Vocabulary("")
	truth := map[string]uint64{}
	total := uint64(0)
	for part := range 30 {
		seen := map[string]uint64{}
		for i := range 40 {
			seen[fmt.Sprintf("frequent-%d", i)] = uint64(200 - 4*i)
		}
		for i := range 150 {
			seen[fmt.Sprintf("once-%d-%d", part, i)] = 1
		}
		for value, n := range seen {
			truth[value] += n
			total += n
		}
		mustObserve(t, v, values(int64(10+part), seen))
	}
	top, err := v.TopValues(keyUser, "", 0)
	if err != nil || !top.ManyValues || top.More || len(top.Values) != MaxValues {
		t.Fatalf("got %d values of many: %v, more: %v, %v", len(top.Values), top.ManyValues, top.More, err)
	}
	if top.UnseenCount > total/(MaxValues+1) {
		t.Errorf("values not listed may have occurred %d times, more than %d/%d", top.UnseenCount, total, MaxValues+1)
	}
	listed := map[string]bool{}
	for _, value := range top.Values {
		text := value.Value.Str()
		listed[text] = true
		if value.Count > truth[text] || value.Count+top.UnseenCount < truth[text] {
			t.Errorf("%s: count %d and at most %d more, the truth is %d", text, value.Count, top.UnseenCount, truth[text])
		}
	}
	for text, n := range truth {
		if !listed[text] && n > top.UnseenCount {
			t.Errorf("%s occurred %d times and is not listed", text, n)
		}
	}
	for i, value := range top.Values[:40] {
		if want := fmt.Sprintf("frequent-%d", i); value.Value.Str() != want {
			t.Errorf("value %d is %s, want %s", i, value.Value.Str(), want)
		}
	}
}

func TestLongValuesAreNotListed(t *testing.T) {
	o, _ := testOptions("")
	v := mustOpen(t, o).Vocabulary("")
	fits := strings.Repeat("x", MaxValueBytes)
	mustObserve(t, v, values(10, map[string]uint64{fits: 1, fits + "x": 9}))
	top, err := v.TopValues(keyUser, "", 0)
	if err != nil || len(top.Values) != 1 || top.Values[0].Value.Str() != fits || !top.ManyValues {
		t.Errorf("got %+v, %v", top, err)
	}
}

func TestLargeObservationsAreSplit(t *testing.T) {
	modes(t, func(t *testing.T, c *Catalog, _ *clock, reopen func(*Catalog) *Catalog) {
		o := Observation{SeenNs: hourNs}
		for k := range 200 {
			key := KeySeen{Key: storage.Key{Scope: storage.ScopeSpan, Name: fmt.Sprint(k)}, Type: storage.TypeString, Count: MaxValues}
			for i := range MaxValues {
				key.Values = append(key.Values, storage.ValueCount{Value: storage.String(fmt.Sprintf("%0200d", i)), Count: 1})
			}
			o.Keys = append(o.Keys, key)
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
			top, err := c.Vocabulary("").TopValues(k.Key, "", 0)
			if err != nil || len(top.Values) != MaxValues || top.Values[0].Count != 2 || top.ManyValues {
				t.Fatalf("%v: %d values, %v", k.Key, len(top.Values), err)
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
		mustObserve(t, v, values(10, map[string]uint64{"old": 1}))
		mustObserve(t, v, values(20, map[string]uint64{"new": 1}))
		mustObserve(t, v, Observation{SeenNs: 10 * hourNs, Keys: []KeySeen{
			{Key: keyUser, Type: storage.TypeInt, Count: 1, More: true},
			{Key: storage.KeyService, Type: storage.TypeString, Values: []storage.ValueCount{{Value: storage.String("gone"), Count: 1}}},
		}})
		mustObserve(t, c.Vocabulary("acme"), service(10, "theirs"))

		if e, err := v.Expire(10*hourNs + 77); err != nil || e != (Expired{}) {
			t.Errorf("nothing is older than its own hour: %+v, %v", e, err)
		}
		e, err := v.Expire(20 * hourNs)
		if want := (Expired{Services: 1, Operations: 1, Keys: 1, Values: 1}); err != nil || e != want {
			t.Errorf("got %+v, %v, want %+v", e, err, want)
		}
		c = reopen(c)
		v = c.Vocabulary("")
		services, _ := v.Services(0)
		if want := []ServiceFact{{"both", 20 * hourNs, 2, 1}}; !reflect.DeepEqual(services, want) {
			t.Errorf("services: got %+v", services)
		}
		keys, _ := v.Keys(0)
		if want := []KeyFact{{keyUser, []TypeFact{{storage.TypeString, 20 * hourNs, 2}}, 20 * hourNs, 2, false}}; !reflect.DeepEqual(keys, want) {
			t.Errorf("keys: got %+v", keys)
		}
		top, _ := v.TopValues(keyUser, "", 0)
		if len(top.Values) != 1 || top.Values[0].Value != storage.String("new") || top.ManyValues {
			t.Errorf("values: got %+v", top)
		}
		if top, _ := v.TopValues(storage.KeyService, "", 0); top.Values != nil {
			t.Errorf("values of a key that is gone: %+v", top)
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
				serviceKey(DefaultTenant, "a"), attributeKey(prefixKey, DefaultTenant, keyUser), attributeKey(prefixValues, DefaultTenant, keyUser),
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
		o := values(10, map[string]uint64{"x": 1})
		o.Services = []ServiceSeen{{"a", []OperationSeen{{"op", 0, 1}}}}
		return o
	}
	damage()
	for name, call := range map[string]func() error{
		"Services":   func() error { _, err := v.Services(0); return err },
		"Operations": func() error { _, err := v.Operations("a", 0); return err },
		"Keys":       func() error { _, err := v.Keys(0); return err },
		"TopValues":  func() error { _, err := v.TopValues(keyUser, "", 0); return err },
	} {
		if err := call(); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	mustObserve(t, v, seen())
	if top, err := v.TopValues(keyUser, "", 0); err != nil || len(top.Values) != 1 {
		t.Errorf("values seen again: %+v, %v", top, err)
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
