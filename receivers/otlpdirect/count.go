package otlpdirect

import "google.golang.org/protobuf/encoding/protowire"

// countRecords counts the spans or log records of an export request, for
// requests that were refused. Both have the same field numbers: the request
// holds resources in field 1, a resource its scopes in field 2, and a scope its
// records in field 2. Of what is not such a message it counts what it can read.
func countRecords(body []byte) (n int) {
	eachField(body, 1, func(resource []byte) {
		eachField(resource, 2, func(scope []byte) {
			eachField(scope, 2, func([]byte) { n++ })
		})
	})
	return n
}

// eachField calls do with every occurrence of a field that has a length, up to
// where message cannot be read any further.
func eachField(message []byte, field protowire.Number, do func([]byte)) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return
		}
		message = message[n:]
		if number == field && kind == protowire.BytesType {
			value, n := protowire.ConsumeBytes(message)
			if n < 0 {
				return
			}
			do(value)
			message = message[n:]
			continue
		}
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return
		}
		message = message[n:]
	}
}
