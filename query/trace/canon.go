package trace

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// canon numbers resources and scopes by content. A store hands out one table
// entry per part in which a resource occurs; equal entries get one number
// here, so that comparing numbers compares content.
type canon struct {
	resource []uint32 // ResourceTable index -> number
	scope    []uint32 // ScopeTable index -> number
	service  []uint32 // resource number -> service number
	host     []uint32 // resource number -> host number
	hosts    []string // host number -> name
	byHost   map[string]uint32
	byPod    map[string]uint32 // pod name or IP -> host number

	keyError, keyComponent, keyNodeID uint32 // index into Strings, or noKey
}

const noKey = math.MaxUint32

func newCanon(s *storage.Spans) *canon {
	c := &canon{
		keyError: noKey, keyComponent: noKey, keyNodeID: noKey,
		byHost: map[string]uint32{}, byPod: map[string]uint32{},
	}
	for i, text := range s.Strings {
		switch text {
		case "error":
			c.keyError = uint32(i)
		case "component":
			c.keyComponent = uint32(i)
		case "node_id":
			c.keyNodeID = uint32(i)
		}
	}
	resources, scopes := map[string]uint32{}, map[string]uint32{}
	services := map[string]uint32{}
	var buf []byte
	for i := range s.ResourceTable {
		r := &s.ResourceTable[i]
		buf = appendAttrs(buf[:0], s.List(r.Attributes))
		buf = binary.LittleEndian.AppendUint32(buf, r.SchemaURL)
		buf = binary.LittleEndian.AppendUint32(buf, r.DroppedAttributes)
		number, isNew := intern(resources, string(buf))
		c.resource = append(c.resource, number)
		if !isNew {
			continue
		}
		service, _ := intern(services, s.ServiceOf(uint32(i)))
		c.service = append(c.service, service)
		host := c.hostNamed(hostName(s, r.Attributes))
		c.host = append(c.host, host)
		for _, key := range []string{"k8s.pod.name", "k8s.pod.ip"} {
			if pod := s.Lookup(r.Attributes, key).Text(); pod != "" {
				c.byPod[pod] = host
			}
		}
	}
	for i := range s.ScopeTable {
		sc := &s.ScopeTable[i]
		buf = appendAttrs(buf[:0], s.List(sc.Attributes))
		for _, n := range []uint32{sc.Name, sc.Version, sc.SchemaURL, sc.DroppedAttributes} {
			buf = binary.LittleEndian.AppendUint32(buf, n)
		}
		number, _ := intern(scopes, string(buf))
		c.scope = append(c.scope, number)
	}
	return c
}

// hostNamed returns the number of the host with the name.
func (c *canon) hostNamed(name string) uint32 {
	host, isNew := intern(c.byHost, name)
	if isNew {
		c.hosts = append(c.hosts, name)
	}
	return host
}

// proxyHost is the host of an Envoy whose node id is, as Istio writes it,
// role~IP~pod.namespace~domain. Its resource does not name a machine, but it
// shares one with the application in its pod.
func (c *canon) proxyHost(nodeID string) (host uint32, ok bool) {
	part := strings.Split(nodeID, "~")
	if len(part) != 4 {
		return 0, false
	}
	pod, _, _ := strings.Cut(part[2], ".")
	for _, name := range []string{pod, part[1]} {
		if host, ok := c.byPod[name]; ok {
			return host, true
		}
	}
	return c.hostNamed(pod), true
}

func intern(m map[string]uint32, key string) (number uint32, isNew bool) {
	if n, ok := m[key]; ok {
		return n, false
	}
	n := uint32(len(m))
	m[key] = n
	return n, true
}

// appendAttrs encodes a list so that equal bytes mean equal content: text is
// interned in one table, hence equal text has equal indices.
func appendAttrs(b []byte, attrs []storage.Attr) []byte {
	for _, a := range attrs {
		b = binary.LittleEndian.AppendUint32(b, a.Key)
		b = append(b, byte(a.Type))
		b = binary.LittleEndian.AppendUint64(b, a.Bits)
	}
	return b
}

// hostKeys name the machine whose clock a resource's spans were taken from,
// the surest first. On Kubernetes host.name is usually the pod, whose clock is
// its node's.
var hostKeys = []string{"k8s.node.name", "host.id", "host.name", "host.ip", "k8s.pod.name", "service.instance.id", "service.name"}

func hostName(s *storage.Spans, attrs storage.Range) string {
	for _, key := range hostKeys {
		if name := s.Lookup(attrs, key).Text(); name != "" {
			return name
		}
	}
	return ""
}
