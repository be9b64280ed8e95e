package collector

import (
	"fmt"
	"sort"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
)

// didYouMean suggests the known word that is nearest to a wrong one, "" when
// none is near.
func didYouMean(word string, known map[string]bool) string {
	if known[word] {
		return "" // right, but not there
	}
	best, distance := "", len(word)/2+1
	for _, k := range sorted(known) {
		if d := editDistance(word, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q instead of %q?", best, word)
}

// knownKeys are the keys of every section and of every component's defaults.
func knownKeys(f otelcol.Factories) map[string]bool {
	known := map[string]bool{}
	for _, key := range strings.Fields("receivers processors exporters connectors extensions service pipelines telemetry traces metrics logs") {
		known[key] = true
	}
	eachFactory(f, func(_ string, factory component.Factory) {
		conf := confmap.New()
		if cfg := factory.CreateDefaultConfig(); cfg == nil || conf.Marshal(cfg) != nil {
			return
		}
		for _, key := range conf.AllKeys() {
			for segment := range strings.SplitSeq(key, confmap.KeyDelimiter) {
				known[segment] = true
			}
		}
	})
	return known
}

func knownTypes(f otelcol.Factories) map[string]bool {
	known := map[string]bool{}
	eachFactory(f, func(_ string, factory component.Factory) { known[factory.Type().String()] = true })
	return known
}

// eachFactory calls do for every factory with its kind.
func eachFactory(f otelcol.Factories, do func(kind string, factory component.Factory)) {
	for _, factory := range f.Receivers {
		do("receiver", factory)
	}
	for _, factory := range f.Processors {
		do("processor", factory)
	}
	for _, factory := range f.Exporters {
		do("exporter", factory)
	}
	for _, factory := range f.Connectors {
		do("connector", factory)
	}
	for _, factory := range f.Extensions {
		do("extension", factory)
	}
}

func sorted(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// editDistance is the number of letters to insert, delete, replace or swap
// with their neighbour.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
