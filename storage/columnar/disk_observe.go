package columnar

import (
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// observe tells the catalog which services, operations and keys a part that was
// flushed has. The catalog helps people to choose; answers never come from it,
// so that a failure is no more than logged.
func (d *disk) observe(p manifest.Part, c *sidecar.Contents) {
	if p.Level > 0 {
		return // it was told when the part's rows were flushed
	}
	o := catalog.Observation{SeenNs: p.MaxNs}
	counts := make([]uint64, len(c.RED.Series))
	for i := range c.RED.Cells {
		counts[c.RED.Cells[i].Series] += c.RED.Cells[i].Measures.Count
	}
	at := map[string]int{}
	for i, s := range c.RED.Series {
		service, err := decodeValue(s.Service)
		if err != nil {
			continue // it was encoded by this process
		}
		n, ok := at[service.Text()]
		if !ok {
			n = len(o.Services)
			at[service.Text()] = n
			o.Services = append(o.Services, catalog.ServiceSeen{Name: service.Text()})
		}
		o.Services[n].Operations = append(o.Services[n].Operations, catalog.OperationSeen{Name: s.Name, Kind: int32(s.Kind), Count: counts[i]})
	}
	for _, k := range c.Keys {
		o.Keys = append(o.Keys, catalog.KeySeen{Key: storage.Key{Scope: k.Scope, Name: k.Name}, Type: k.Type, Count: k.Count})
	}
	if err := d.catalog.Vocabulary(defaultTenant).Observe(o); err != nil {
		d.opts.Logger.Warn("the catalog did not take what a part has", "part", p.ID, "error", err)
	}
}
