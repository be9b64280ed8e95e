package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

func TestObjects(t *testing.T) {
	modes(t, func(t *testing.T, c *Catalog, now *clock, reopen func(*Catalog) *Catalog) {
		put := func(tenant, kind, id string, revision uint64, json string) (Object, error) {
			return c.Objects(tenant).Put(Object{Kind: kind, ID: id, Revision: revision, JSON: []byte(json)})
		}
		a1, err := put("", "dashboard", "a", 0, `{"v":1}`)
		if err != nil {
			t.Fatal(err)
		}
		want := Object{"dashboard", "a", 1, testNowNs, testNowNs, []byte(`{"v":1}`)}
		if !reflect.DeepEqual(a1, want) {
			t.Errorf("Put returned %+v, want %+v", a1, want)
		}
		now.set(testNowNs + 1)
		a2, err := put("", "dashboard", "a", a1.Revision, `{"v":2}`)
		if err != nil || a2.Revision <= a1.Revision || a2.CreatedNs != testNowNs || a2.UpdatedNs != testNowNs+1 {
			t.Fatalf("got %+v, %v", a2, err)
		}
		for name, call := range map[string]func() error{
			"create what exists": func() error { _, err := put("", "dashboard", "a", 0, "1"); return err },
			"old revision":       func() error { _, err := put("", "dashboard", "a", a1.Revision, "1"); return err },
			"change what is not": func() error { _, err := put("", "dashboard", "b", 1, "1"); return err },
			"delete old":         func() error { return c.Objects("").Delete("dashboard", "a", a1.Revision) },
		} {
			if err := call(); !errors.Is(err, ErrConflict) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		// Neighbours by name that a prefix must not catch.
		for _, o := range [][3]string{{"", "dashboard", "b"}, {"", "dash", "boarda"}, {"", "dashboards", "a"}, {"acme", "dashboard", "a"}, {"a", "dashboard", "c"}} {
			if _, err := put(o[0], o[1], o[2], AnyRevision, `"`+o[0]+`"`); err != nil {
				t.Fatal(err)
			}
		}
		c = reopen(c)
		list, err := c.Objects("").List("dashboard")
		if err != nil || len(list) != 2 || !reflect.DeepEqual(list[0], a2) || list[1].ID != "b" {
			t.Errorf("got %+v, %v", list, err)
		}
		got, err := c.Objects("").Get("dashboard", "a")
		if err != nil || !reflect.DeepEqual(got, a2) {
			t.Errorf("got %+v, %v", got, err)
		}
		if err := c.Objects("").Delete("dashboard", "a", a2.Revision); err != nil {
			t.Fatal(err)
		}
		_, err = c.Objects("").Get("dashboard", "a")
		wantError(t, err, ErrNotFound)
		wantError(t, c.Objects("").Delete("dashboard", "a", AnyRevision), ErrNotFound)
		_, err = put("", "dashboard", "a", a2.Revision, "1")
		wantError(t, err, ErrConflict)
		a3, err := put("", "dashboard", "a", 0, "3")
		if err != nil || a3.Revision <= a2.Revision {
			t.Errorf("got %+v, %v; a revision must not come back", a3, err)
		}
		if o, err := c.Objects("acme").Get("dashboard", "a"); err != nil || string(o.JSON) != `"acme"` {
			t.Errorf("got %+v, %v", o, err)
		}
	})
}

func TestObjectsThatCannotBe(t *testing.T) {
	o, _ := testOptions("")
	c := mustOpen(t, o)
	for name, test := range map[string]struct {
		object Object
		want   error
	}{
		"no kind":    {Object{ID: "i", JSON: []byte("1")}, ErrInvalid},
		"no id":      {Object{Kind: "k", JSON: []byte("1")}, ErrInvalid},
		"long id":    {Object{Kind: "k", ID: strings.Repeat("x", MaxNameBytes+1), JSON: []byte("1")}, ErrInvalid},
		"not UTF-8":  {Object{Kind: "k", ID: "\xff", JSON: []byte("1")}, ErrInvalid},
		"not JSON":   {Object{Kind: "k", ID: "i", JSON: []byte("{")}, ErrInvalid},
		"nothing":    {Object{Kind: "k", ID: "i"}, ErrInvalid},
		"large":      {Object{Kind: "k", ID: "i", JSON: bytes.Repeat([]byte("1"), MaxObjectBytes+1)}, storage.ErrTooLarge},
		"as it must": {Object{Kind: "k", ID: "i", JSON: []byte("1")}, nil},
	} {
		if _, err := c.Objects("").Put(test.object); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
	_, err := c.Objects(AllTenants).List("k")
	wantError(t, err, ErrInvalid)
}

func TestObjectsAreBounded(t *testing.T) {
	storagetest.Long(t)
	o, _ := testOptions("")
	c := mustOpen(t, o)
	large := append(append([]byte{'"'}, bytes.Repeat([]byte("x"), MaxObjectBytes-2)...), '"')
	n := 0
	for ; ; n++ {
		_, err := c.Objects("").Put(Object{Kind: "k", ID: fmt.Sprint(n), JSON: large})
		if errors.Is(err, storage.ErrTooLarge) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < MaxObjectsBytes/MaxObjectBytes-1 || n > MaxObjectsBytes/MaxObjectBytes {
		t.Errorf("%d large objects were taken", n)
	}
	if _, err := c.Objects("").Put(Object{Kind: "k", ID: "0", Revision: AnyRevision, JSON: []byte("0")}); err != nil {
		t.Error("making one smaller must be possible:", err)
	}
	if _, err := c.Objects("").Put(Object{Kind: "k", ID: "new", JSON: large[:1024-1]}); err == nil {
		t.Error("half a string is no JSON")
	}
	if _, err := c.Objects("").Put(Object{Kind: "k", ID: "new", JSON: large}); err != nil {
		t.Error("there is room again:", err)
	}
	if err := c.Objects("").Delete("k", "1", AnyRevision); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Objects("").Put(Object{Kind: "k", ID: "newer", JSON: large}); err != nil {
		t.Error("there is room again:", err)
	}
	for i := range MaxObjects {
		if _, err := c.Objects("other").Put(Object{Kind: "k", ID: fmt.Sprint(i), JSON: []byte("1")}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Objects("other").Put(Object{Kind: "l", ID: "more", JSON: []byte("1")})
	wantError(t, err, storage.ErrTooLarge)
}

func TestSettings(t *testing.T) {
	modes(t, func(t *testing.T, c *Catalog, _ *clock, reopen func(*Catalog) *Catalog) {
		for _, set := range [][3]string{{"", "compact", "1"}, {"", "compact", "2"}, {"", "empty", ""}, {"acme", "compact", "3"}} {
			if err := c.Settings(set[0]).Set(set[1], []byte(set[2])); err != nil {
				t.Fatal(err)
			}
		}
		c = reopen(c)
		s := c.Settings("")
		if b, err := s.Get("compact"); err != nil || string(b) != "2" {
			t.Errorf("got %q, %v", b, err)
		}
		all, err := s.List()
		if want := map[string][]byte{"compact": []byte("2"), "empty": {}}; err != nil || !reflect.DeepEqual(all, want) {
			t.Errorf("got %v, %v", all, err)
		}
		for range 2 {
			if err := s.Delete("compact"); err != nil {
				t.Error(err)
			}
		}
		_, err = s.Get("compact")
		wantError(t, err, ErrNotFound)
		wantError(t, s.Set("", nil), ErrInvalid)
		wantError(t, s.Set("a", make([]byte, MaxSettingBytes+1)), storage.ErrTooLarge)
		if b, err := c.Settings("acme").Get("compact"); err != nil || string(b) != "3" {
			t.Errorf("got %q, %v", b, err)
		}
	})
}

func TestSettingsAreBounded(t *testing.T) {
	o, _ := testOptions("")
	c := mustOpen(t, o)
	s := c.Settings("")
	for i := range MaxSettings {
		if err := s.Set(fmt.Sprint(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, s.Set("more", nil), storage.ErrTooLarge)
	if err := s.Set("1", []byte("changed")); err != nil {
		t.Error(err)
	}
	if err := s.Delete("1"); err != nil {
		t.Error(err)
	}
	if err := s.Set("more", nil); err != nil {
		t.Error(err)
	}
}
