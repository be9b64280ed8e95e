package red

import (
	"net/netip"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// Kind says what a node of the graph is.
type Kind uint8

const (
	Service        Kind = iota // sends spans
	Database                   // the others are known from their callers
	Messaging                  // a queue or topic
	Uninstrumented             // ours, as it seems, but without spans
	External                   // somebody else's
)

var kindNames = [...]string{"service", "database", "messaging", "uninstrumented", "external"}

// String returns the name that heddle's APIs use.
func (k Kind) String() string { return kindNames[k] }

// remoteKeys are the attributes that name what a span called; see the package
// documentation.
var remoteKeys = func() (keys []storage.Key) {
	for _, name := range []string{
		"db.system.name", "db.system", "messaging.system", "peer.service", "db.namespace", "db.name",
		"messaging.destination.name", "messaging.destination", "server.address", "net.peer.name",
	} {
		keys = append(keys, storage.Key{Scope: storage.ScopeSpan, Name: name})
	}
	return keys
}()

// remote is what a client, producer or consumer span says of the other side.
type remote struct {
	kind Kind
	name string
}

// remoteOf reads remoteKeys in their order; ok is false where they say nothing.
func remoteOf(value func(i int) string) (r remote, ok bool) {
	first := func(indices ...int) string {
		for _, i := range indices {
			if v := value(i); v != "" {
				return v
			}
		}
		return ""
	}
	if system := first(0, 1); system != "" {
		return remote{Database, orElse(first(3, 4, 5, 8, 9), system)}, true
	}
	if system := first(2); system != "" {
		return remote{Messaging, orElse(first(6, 7, 3), system)}, true
	}
	if peer := first(3); peer != "" {
		return remote{Uninstrumented, peer}, true
	}
	if address := first(8, 9); address != "" {
		if isInside(address) {
			return remote{Uninstrumented, address}, true
		}
		return remote{External, address}, true
	}
	return remote{}, false
}

func orElse(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

// isInside says whether an address is of a private network.
func isInside(address string) bool {
	if ip, err := netip.ParseAddr(strings.Trim(address, "[]")); err == nil {
		return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
	}
	name := strings.ToLower(strings.TrimSuffix(address, "."))
	if !strings.Contains(name, ".") {
		return true
	}
	for _, suffix := range []string{".local", ".internal", ".svc"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}
