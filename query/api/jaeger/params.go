package jaeger

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"time"
)

var errServiceRequired = errors.New("parameter 'service' is required")

func paramError(name string, err error) error {
	return fmt.Errorf("unable to parse param '%s': %w", name, err)
}

// intParam reads an integer; set is false when it is absent or empty.
func intParam(q url.Values, name string) (n int64, set bool, err error) {
	text := q.Get(name)
	if text == "" {
		return 0, false, nil
	}
	if n, err = strconv.ParseInt(text, 10, 64); err != nil {
		return 0, false, paramError(name, err)
	}
	return n, true, nil
}

// durationParam reads a Go duration, 0 when it is absent or empty.
func durationParam(q url.Values, name string) (time.Duration, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, paramError(name, err)
	}
	return d, nil
}

// millisParam reads a duration in milliseconds.
func millisParam(q url.Values, name string, absent time.Duration) (int64, error) {
	n, set, err := intParam(q, name)
	if err != nil || !set {
		return int64(absent), err
	}
	return scaleNs(n, int64(time.Millisecond)), nil
}

func boolParam(q url.Values, name string) (bool, error) {
	text := q.Get(name)
	if text == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false, paramError(name, err)
	}
	return b, nil
}

// scaleNs is n*unit, held inside the representable range.
func scaleNs(n, unit int64) int64 {
	switch {
	case n > math.MaxInt64/unit:
		return math.MaxInt64
	case n < math.MinInt64/unit:
		return math.MinInt64
	}
	return n * unit
}

// addNs is a+b, held inside the representable range.
func addNs(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}
