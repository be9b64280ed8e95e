package storage

import "go.opentelemetry.io/collector/pdata/ptrace"

// Failed is the predicate of spans that failed: whose status is error, or that
// SaysFailed.
func Failed() Or {
	return Or{Compare{Key: KeyStatus, Op: Equal, Value: Int(int64(ptrace.StatusCodeError))}, SaysFailed()}
}

// SaysFailed is the predicate of spans that say so by their attribute error,
// true or "true". Proxies of a mesh do, and leave the status unset.
func SaysFailed() Predicate {
	return Compare{Key: KeyError, Op: Equal, Value: String("true"), AsText: true}
}

// IsErrorValue says whether SaysFailed holds for a row of the column of KeyError.
func IsErrorValue(attribute *Column, row int) bool {
	switch attribute.Types[row] {
	case TypeAbsent:
		return false
	case TypeBool:
		return attribute.Bits[row] != 0
	}
	return attribute.Value(row).Text() == "true"
}
