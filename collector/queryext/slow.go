package queryext

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// shownNames are the parameters of the query APIs. The values of others are
// not logged: clients put credentials into addresses, too, under names that
// nobody can know.
var shownNames = named(
	// the native API
	"a", "after", "b", "baseline", "baselineEnd", "baselineStart", "by", "columns", "end", "exemplars", "facet", "groups", "id", "key", "kind", "limit", "lookback",
	"maxDuration", "minDuration", "nodes", "operation", "prefix", "q", "qa", "qb", "rate", "rows", "scope", "selection", "selectionEnd", "selectionStart", "service", "since",
	"sort", "spans", "start", "status", "step", "tag", "total", "values",
	// Tempo's
	"ancestor_depth", "keep_hierarchy", "match_depth", "spss", "tags",
	// Jaeger's; those of its third version also begin with query.
	"d", "endTime", "endTs", "end_time", "groupByOperation", "prettyPrint", "quantile", "query", "ratePer", "raw", "rawTraces",
	"raw_traces", "spanKind", "span_kind", "startTime", "start_time", "traceID",
)

func named(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// Bounds on what one line of the log has of a query.
const (
	maxShownValue = 1 << 10
	maxShownQuery = 4 << 10
)

// shownParams is a query string for people: decoded, by name, and without
// values of parameters that no API has.
func shownParams(params url.Values) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, value := range params[name] {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			if b.Len() > maxShownQuery {
				b.WriteString("…")
				return b.String()
			}
			if !shownNames[name] && !strings.HasPrefix(name, "query.") { // the latter are those of Jaeger v3
				fmt.Fprintf(&b, "%s=(not shown)", shortened(name))
				continue
			}
			if value = shortened(value); value == "" || strings.ContainsAny(value, " \t\r\n\"=") {
				value = strconv.Quote(value)
			}
			b.WriteString(name + "=" + value)
		}
	}
	return b.String()
}

// shortened is text cut to a length that a log bears.
func shortened(text string) string {
	if len(text) <= maxShownValue {
		return text
	}
	return strings.ToValidUTF8(text[:maxShownValue], "") + "…"
}
