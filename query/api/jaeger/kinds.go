package jaeger

// OTLP SpanKind and StatusCode values used here.
const (
	kindUnspecified = 0
	kindInternal    = 1
	kindServer      = 2
	kindClient      = 3
	kindProducer    = 4
	kindConsumer    = 5

	statusUnset = 0
	statusOK    = 1
	statusError = 2
)

// kindTags is the tag span.kind by OTLP SpanKind; an unspecified kind has none.
var kindTags = [...]string{"", "internal", "server", "client", "producer", "consumer"}

// kindTag is "" for an unspecified or unknown kind.
func kindTag(kind int64) string {
	if kind < 0 || kind >= int64(len(kindTags)) {
		return ""
	}
	return kindTags[kind]
}

// parseKind reads a span kind as Jaeger's APIs name it.
func parseKind(s string) (kind int64, ok bool) {
	if s == "unspecified" {
		return kindUnspecified, true
	}
	for i, tag := range kindTags {
		if tag == s && i > 0 {
			return int64(i), true
		}
	}
	return 0, false
}
