package demo

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// visitor is who asked, as it travels with the request in headers and baggage.
type visitor struct {
	user, session, tenant string
	requestID, agent, ip  string
	order                 string
	channel, locale       string
}

const (
	userCount    = 50_000
	brokenTenant = "nordwind" // the tenant that canary-tenant is about
)

// tenants of the shop and their share of users in percent.
var tenants = []struct {
	name  string
	share int
}{
	{"acme", 21}, {brokenTenant, 14}, {"hanbit", 12}, {"lumen-foods", 9}, {"orchard", 8}, {"pinecone", 7}, {"kestrel", 7},
	{"bluebay", 6}, {"saffron", 5}, {"tundra", 4}, {"quartz", 4}, {"willow", 3},
}

var locales = []string{"ko-KR", "ko-KR", "en-US", "de-DE", "ja-JP"}

var agents = []struct{ channel, text string }{
	{"web", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36"},
	{"web", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15"},
	{"web", "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"},
	{"ios", "ShopApp/9.2.1 (iOS 26.1; iPhone17,1)"},
	{"android", "ShopApp/9.2.0 (Android 16; SM-S938N)"},
}

// networks are the address ranges reserved for documentation.
var networks = []string{"192.0.2.", "198.51.100.", "203.0.113."}

// newVisitor draws a visitor. A few users come often, most come rarely, and a
// user always belongs to the same tenant.
func newVisitor(rng *rand.Rand) visitor {
	u := rng.Float64()
	n := int(userCount * u * u * u)
	v := visitor{
		user:      fmt.Sprintf("u-%06d", n*7919%1_000_003),
		session:   fmt.Sprintf("%016x", rng.Uint64()),
		requestID: uuid(rng),
		locale:    locales[n%len(locales)],
		ip:        networks[n%len(networks)] + strconv.Itoa(1+n%250),
		order:     fmt.Sprintf("ord-%09d", rng.IntN(1e9)),
	}
	agent := agents[rng.IntN(len(agents))]
	v.agent, v.channel = agent.text, agent.channel
	share := n * 2654435761 >> 7 % 100
	for _, t := range tenants {
		if v.tenant = t.name; share < t.share {
			break
		}
		share -= t.share
	}
	return v
}
