package tempo

import (
	"context"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

// countParam reads a positive number, absent when it is not given. What is
// more than most is refused.
func countParam(q url.Values, name string, absent, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n <= 0:
		return 0, bad("invalid %s: %q must be a positive number", name, text)
	case n > most:
		return 0, bad("invalid %s: %d is more than %d", name, n, most)
	}
	return n, nil
}

// secondsParam reads Unix seconds, 0 when they are not given.
func secondsParam(q url.Values, name string) (uint32, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, bad("invalid %s: %q must be Unix seconds", name, text)
	}
	return uint32(n), nil
}

func windowParam(q url.Values) (storage.Window, error) {
	start, err := secondsParam(q, "start")
	if err != nil {
		return storage.Window{}, err
	}
	end, err := secondsParam(q, "end")
	if err != nil {
		return storage.Window{}, err
	}
	return secondsWindow(start, end)
}

// secondsWindow is the window from one second until the end of another. Of
// what is 0 there is no bound.
func secondsWindow(start, end uint32) (storage.Window, error) {
	w := storage.AllTime()
	if start > 0 {
		w.FromNs = int64(start) * int64(time.Second)
	}
	if end > 0 {
		w.ToNs = (int64(end) + 1) * int64(time.Second)
	}
	if w.Empty() {
		return w, bad("start must be before end: received start=%d end=%d", start, end)
	}
	return w, nil
}

// durationParam reads a Go duration, 0 when it is not given.
func durationParam(q url.Values, name string) (time.Duration, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, bad("invalid %s: %q must be a duration such as 150ms or 2s", name, text)
	}
	return d, nil
}

// timeParam reads a time in Unix seconds, milliseconds, microseconds or
// nanoseconds, which their size tells, or in RFC 3339.
func timeParam(q url.Values, name string, absentNs int64) (int64, error) {
	text := q.Get(name)
	if text == "" {
		return absentNs, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		for _, unit := range []struct{ below, ns int64 }{{1e11, 1e9}, {1e14, 1e6}, {1e17, 1e3}} {
			if n < unit.below {
				return saturate(float64(n)*float64(unit.ns), n, unit.ns), nil
			}
		}
		return n, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < 1e10 {
		return int64(seconds * 1e9), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Year() < 1970 || at.Year() > 2261 {
		return 0, bad("invalid %s: %q must be Unix time in s, ms, us or ns, or RFC 3339", name, text)
	}
	return at.UnixNano(), nil
}

// saturate is n*unit, or the largest number when that is too much.
func saturate(product float64, n, unit int64) int64 {
	if product >= math.MaxInt64 {
		return math.MaxInt64
	}
	return n * unit
}

// stepParam reads a duration, which may be in days, or a number of seconds; 0
// when it is not given.
func stepParam(q url.Values, name string) (time.Duration, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	unit := 24 * time.Hour
	number, days := strings.CutSuffix(text, "d")
	if !days {
		number, unit = text, time.Second
	}
	d, err := time.ParseDuration(text)
	if n, e := strconv.ParseFloat(number, 64); e == nil && n > 0 && n*float64(unit) < math.MaxInt64 {
		d, err = time.Duration(n*float64(unit)), nil
	}
	if err != nil || d <= 0 {
		return 0, bad("invalid %s: %q must be a duration such as 15s or 1h", name, text)
	}
	return d, nil
}

// parse reads a query; an empty one selects everything.
func parse(text string) (*traceql.Query, error) {
	if strings.TrimSpace(text) == "" {
		text = "{ }"
	}
	q, err := traceql.Parse(text)
	if err != nil {
		return nil, requestError{err}
	}
	return q, nil
}

// bounded gives a query that has no deadline one.
func (a *api) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, a.Timeout)
}

// budget leaves a query a part of its time to say what it has found.
func (a *api) budget(ctx context.Context) traceql.Budget {
	left := a.Timeout
	if deadline, ok := ctx.Deadline(); ok {
		left = max(time.Until(deadline), 1)
	}
	return traceql.Budget{Duration: left - left/5, Spans: a.MaxSpans}
}
