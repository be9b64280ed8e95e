package columnar

import (
	"fmt"
	"strings"
	"time"

	"github.com/heddle-io/heddle/storage/catalog"
)

// ServiceStats are a service that the catalog knows. Counts are of what was
// received, deleted and identical spans included, and about right.
type ServiceStats struct {
	Name       string           `json:"name"`
	Spans      uint64           `json:"spans"`
	LastHour   time.Time        `json:"last_hour"` // of arrival, UTC
	Operations []OperationStats `json:"operations"`
}

// OperationStats are an operation of a service.
type OperationStats struct {
	Name     string    `json:"name"`
	Kind     int32     `json:"kind"` // an OTLP SpanKind
	Spans    uint64    `json:"spans"`
	LastHour time.Time `json:"last_hour"`
}

// KeyStats are an attribute key that the catalog knows.
type KeyStats struct {
	Scope    string    `json:"scope"`
	Name     string    `json:"name"`
	Types    []string  `json:"types"`
	Values   uint64    `json:"values"`
	LastHour time.Time `json:"last_hour"`
}

// noteCase tells of attribute keys that engines take for one which do not tell
// upper from lower case.
func (x *Inspection) noteCase(keys []catalog.KeyFact) {
	const most = 5
	seen, noted := map[string]string{}, 0
	for _, k := range keys {
		name := k.Key.Scope.String() + "." + k.Key.Name
		for _, t := range k.Types {
			column := strings.ToLower(columnName(name, "", t.Type))
			other, ok := seen[column]
			if !ok {
				seen[column] = name
				continue
			}
			if noted++; noted <= most {
				x.note(fmt.Sprintf("the attribute keys %s and %s differ only in case: DuckDB takes their columns in several files for one", other, name))
			}
			break
		}
	}
}

// nameStats reads what the catalog knows of services and keys.
func (x *Inspection) nameStats(c *catalog.Catalog, st *StoreStats, list bool) error {
	v := c.Vocabulary(defaultTenant)
	services, err := v.Services(0)
	if err != nil {
		return err
	}
	keys, err := v.Keys(0)
	if err != nil {
		return err
	}
	x.noteCase(keys)
	st.Catalog.Services, st.Catalog.Keys = len(services), len(keys)
	for _, s := range services {
		st.Catalog.Operations += s.Operations
		if !list {
			continue
		}
		one := ServiceStats{Name: s.Name, Spans: s.Count, LastHour: time.Unix(0, s.LastSeenNs).UTC(), Operations: []OperationStats{}}
		operations, err := v.Operations(s.Name, 0)
		if err != nil {
			return err
		}
		for _, o := range operations {
			one.Operations = append(one.Operations, OperationStats{o.Name, o.Kind, o.Count, time.Unix(0, o.LastSeenNs).UTC()})
		}
		st.Services = append(st.Services, one)
	}
	for _, k := range keys {
		if !list {
			break
		}
		one := KeyStats{Scope: k.Key.Scope.String(), Name: k.Key.Name, Values: k.Count, LastHour: time.Unix(0, k.LastSeenNs).UTC()}
		for _, t := range k.Types {
			one.Types = append(one.Types, t.Type.String())
		}
		st.Keys = append(st.Keys, one)
	}
	return nil
}
