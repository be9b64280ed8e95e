package jaeger

import "strconv"

const maxSafeInteger = 1<<53 - 1

// appendInt appends an integer as a number, or as a string where JavaScript
// would round it.
func appendInt(b []byte, i int64) []byte {
	if i > maxSafeInteger || i < -maxSafeInteger {
		b = append(b, '"')
		b = strconv.AppendInt(b, i, 10)
		return append(b, '"')
	}
	return strconv.AppendInt(b, i, 10)
}
