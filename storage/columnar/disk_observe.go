package columnar

import (
	"fmt"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// observe tells the catalog which services, operations and keys a part that was
// flushed has. They are for those who look at the store as a whole, without
// opening its parts; answers to queries never come from there, so that a
// failure is no more than logged.
func (d *disk) observe(p manifest.Part, c *sidecar.Contents) {
	o := catalog.Observation{SeenNs: p.Hour * int64(time.Hour)}
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

// forgetNames takes services, operations and keys off the catalog that were
// last seen in hours of which nothing is stored any more, be it for their age or
// for want of room.
func (d *disk) forgetNames() error {
	oldest := int64(0)
	d.s.mu.RLock()
	d.current.each(func(p *livePart) {
		if oldest == 0 || p.Hour < oldest {
			oldest = p.Hour
		}
	})
	d.s.mu.RUnlock()
	if oldest == d.namesSince || oldest == 0 {
		return nil // what an empty store had goes when it has parts again
	}
	gone, err := d.catalog.Vocabulary(defaultTenant).Expire(oldest * int64(time.Hour))
	if err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	d.namesSince = oldest
	if gone.Damaged > 0 {
		d.opts.Logger.Error("the catalog had damaged records of services or keys; they are removed and come back when they are seen again", "records", gone.Damaged)
	}
	return nil
}
