package otlp

// CountSpans tells how many spans an ExportTraceServiceRequest has, without
// looking into them: in a damaged request those before the damage.
func CountSpans(b []byte) int { return count(b) }

// CountLogs tells how many records an ExportLogsServiceRequest has, as
// CountSpans does.
func CountLogs(b []byte) int { return count(b) }

// count adds up the records of requests, which are alike for all signals.
func count(b []byte) (n int) {
	each(b, 0, tagGroup, func(b []byte, pos int) {
		scopes, records := 0, 0
		inScope := func(b []byte, pos int) {
			scopes++
			each(b, pos, tagMembers, func([]byte, int) { records++ })
		}
		each(b, pos, tagMembers, inScope)
		if scopes == 0 {
			each(b, pos, tagDeprecated, inScope)
		}
		n += records
	})
	return n
}

// each calls f for every message under a tag in the message that ends with b,
// up to the first damage.
func each(b []byte, pos int, want uint64, f func(b []byte, pos int)) {
	for pos < len(b) {
		var t uint64
		if t, pos = tag(b, pos); t != want {
			pos = fields(0).other(b, pos, t)
			continue
		}
		from, to := length(b, pos)
		if to == bad {
			return
		}
		f(b[:to], from)
		pos = to
	}
}
