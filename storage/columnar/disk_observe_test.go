package columnar

import (
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage/vfs"
)

// servedBy is a span of a service with an attribute key of its own.
func servedBy(service string, i byte) ptrace.Traces {
	td := owned(int64(i), 1)
	rs := td.ResourceSpans().At(0)
	rs.Resource().Attributes().PutStr("service.name", service)
	rs.ScopeSpans().At(0).Spans().At(0).SetName("of " + service)
	rs.ScopeSpans().At(0).Spans().At(0).Attributes().PutBool("only."+service, true)
	return td
}

// TestNamesOfWhatIsStored looks at what the catalog knows while parts are
// written, rewritten, merged and given up.
func TestNamesOfWhatIsStored(t *testing.T) {
	now := time.Unix(0, modelEpoch).Truncate(time.Hour)
	o := diskOptions()
	o.FS, o.Dir, o.still = vfs.OS, t.TempDir(), true
	o.now = func() time.Time { return now }
	o.Retention.MaxAge = 10 * time.Hour
	s := openDisk(t, o)
	defer s.Close()
	flush := func(service string, i byte) {
		t.Helper()
		write(t, s, servedBy(service, i))
		flushed{s}.flush()
	}
	// known are services with the spans that were counted, and keys.
	known := func() (services map[string]uint64, keys []string) {
		t.Helper()
		x := inspect(t, vfs.OS, o.Dir)
		defer x.Close()
		st, err := x.Stats(t.Context(), StatsOptions{Names: true})
		if err != nil {
			t.Fatal(err)
		}
		services = map[string]uint64{}
		for _, service := range st.Services {
			services[service.Name] = service.Spans
			if len(service.Operations) != 1 || service.Operations[0].Name != "of "+service.Name {
				t.Errorf("operations of %s: %+v", service.Name, service.Operations)
			}
		}
		for _, k := range st.Keys {
			keys = append(keys, k.Scope+"."+k.Name)
			if len(k.Types) != 1 {
				t.Errorf("%s has the types %v", k.Name, k.Types)
			}
		}
		if c := st.Catalog; c.Services != len(st.Services) || c.Operations != len(st.Services) || c.Keys != len(st.Keys) || c.Problem != "" {
			t.Errorf("counted %+v", c)
		}
		brief, err := x.Stats(t.Context(), StatsOptions{})
		if err != nil || brief.Services != nil || brief.Keys != nil || brief.Catalog != st.Catalog {
			t.Errorf("without names: %+v, %v", brief, err)
		}
		return services, keys
	}
	want := func(when string, want map[string]uint64) {
		t.Helper()
		s.disk.everyMinute()
		services, keys := known()
		wantKeys := []string{"resource.service.name", "span.owner"}
		for name, spans := range want {
			wantKeys = append(wantKeys, "span.only."+name)
			if services[name] != spans {
				t.Errorf("%s: %d spans of %s, want %d", when, services[name], name, spans)
			}
		}
		slices.Sort(wantKeys)
		slices.Sort(keys)
		if len(services) != len(want) || !slices.Equal(keys, wantKeys) {
			t.Errorf("%s: services %v, keys %v, want %v", when, services, keys, want)
		}
	}
	flush("a", 1)
	flush("b", 2)
	deleteOwner(t, s, 9) // both parts are written anew for it
	mergeAll(t, s)
	want("in the first hour", map[string]uint64{"a": 1, "b": 1})
	now = now.Add(3 * time.Hour)
	mergeAll(t, s)
	flush("b", 3)
	want("three hours later", map[string]uint64{"a": 1, "b": 2})
	now = now.Add(7 * time.Hour)
	want("in the last hour of the first", map[string]uint64{"a": 1, "b": 2})
	now = now.Add(time.Hour)
	want("after it", map[string]uint64{"b": 2})
	now = now.Add(100 * time.Hour)
	s.disk.everyMinute()
	flush("c", 4)
	want("when all of that is gone and something is stored again", map[string]uint64{"c": 1})
	if st, ok := s.DiskStats(); !ok || st.NamesGivenUp != 0 {
		t.Errorf("%d names were given up", st.NamesGivenUp)
	}
}
