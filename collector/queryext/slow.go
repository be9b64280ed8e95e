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
var shownNames = map[string]bool{
	"attributes": true, "d": true, "end": true, "endTs": true, "exemplars": true, "groupByOperation": true, "id": true, "key": true,
	"kind": true, "limit": true, "lookback": true, "maxDuration": true, "minDuration": true, "operation": true, "prefix": true,
	"q": true, "quantile": true, "query": true, "ratePer": true, "raw": true, "scope": true, "service": true, "since": true, "sort": true,
	"spanKind": true, "spss": true, "start": true, "status": true, "step": true, "tag": true, "tags": true, "traceID": true,
	"span_kind": true, "end_time": true, "start_time": true, "raw_traces": true, "prettyPrint": true,
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
