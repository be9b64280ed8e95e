package collector

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// windowOf reads --from and --to; empty means no bound.
func windowOf(from, to string) (storage.Window, error) {
	w := storage.Window{FromNs: math.MinInt64, ToNs: math.MaxInt64}
	now := time.Now()
	for _, bound := range []struct {
		flag, text string
		ns         *int64
	}{{"--from", from, &w.FromNs}, {"--to", to, &w.ToNs}} {
		if bound.text == "" {
			continue
		}
		at, err := parseTime(bound.text, now)
		if err != nil {
			return w, fmt.Errorf("%s %q: %w", bound.flag, bound.text, err)
		}
		*bound.ns = at.UnixNano()
	}
	if w.Empty() {
		return w, fmt.Errorf("--from %q is not before --to %q", from, to)
	}
	return w, nil
}

// parseTime reads a time as people write it.
func parseTime(text string, now time.Time) (time.Time, error) {
	if text == "now" {
		return now, nil
	}
	if ago, ok := strings.CutPrefix(text, "-"); ok {
		d, err := parseAgo(ago)
		if err != nil {
			return time.Time{}, errTime
		}
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			if y := at.UTC().Year(); y < 1678 || y > 2261 {
				return time.Time{}, errors.New("it must be in the years 1678 to 2261")
			}
			return at, nil
		}
	}
	return time.Time{}, errTime
}

var errTime = errors.New("write a time as in 2026-08-01T12:00:00Z or 2026-08-01, or one relative to now as in -90m, -1h or -7d")

// parseAgo reads a duration, also in days.
func parseAgo(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		return 0, errTime
	}
	return d, err
}
