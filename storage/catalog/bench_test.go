package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// meshObservation is what a part of mesh traffic tells: 40 services with 20
// operations, 100 keys. Parts share all names.
func meshObservation(part int) Observation {
	o := Observation{SeenNs: testNowNs + int64(part)*1e9}
	for s := range 40 {
		service := ServiceSeen{Name: fmt.Sprintf("service-%d", s)}
		for op := range 20 {
			service.Operations = append(service.Operations, OperationSeen{fmt.Sprintf("GET /api/v1/resource-%d/{id}", op), 2, uint64(80 + op)})
		}
		o.Services = append(o.Services, service)
	}
	for k := range 100 {
		key := storage.Key{Scope: storage.ScopeSpan, Name: fmt.Sprintf("some.attribute.key_%d", k)}
		o.Keys = append(o.Keys, KeySeen{Key: key, Type: storage.TypeString, Count: 60_000})
	}
	return o
}

func BenchmarkObserve(b *testing.B) {
	for _, mode := range []string{"memory", "disk"} {
		b.Run(mode, func(b *testing.B) {
			dir := ""
			if mode == "disk" {
				dir = b.TempDir()
			}
			o, _ := testOptions(dir)
			v := mustOpen(b, o).Vocabulary("")
			var parts []Observation
			for i := range 20 {
				parts = append(parts, meshObservation(i))
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if err := v.Observe(parts[i%len(parts)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

func BenchmarkReads(b *testing.B) {
	o, _ := testOptions("")
	c := mustOpen(b, o)
	v := c.Vocabulary("")
	for i := range 5 {
		if err := v.Observe(meshObservation(i)); err != nil {
			b.Fatal(err)
		}
	}
	for range 100 {
		if _, err := c.Tombstones().Add(byTraceID(1)); err != nil {
			b.Fatal(err)
		}
	}
	for name, call := range map[string]func() error{
		"services":                  func() error { _, err := v.Services(0); return err },
		"operations":                func() error { _, err := v.Operations("service-7", 0); return err },
		"keys":                      func() error { _, err := v.Keys(0); return err },
		"pending tombstones of 100": func() error { _, err := c.Tombstones().Pending(""); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDurableWrites(b *testing.B) {
	o, _ := testOptions(b.TempDir())
	c := mustOpen(b, o)
	document, _ := json.Marshal(strings.Repeat("x", 4<<10))
	for name, call := range map[string]func() error{
		"setting": func() error { return c.Settings("").Set("a", []byte("1")) },
		"object of 4 KiB": func() error {
			_, err := c.Objects("").Put(Object{Kind: "k", ID: "i", Revision: AnyRevision, JSON: document})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
