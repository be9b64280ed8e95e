package native

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// defaultWindow is how far before end the window starts when start is absent.
const defaultWindow = time.Hour

func windowParam(q url.Values) (storage.Window, error) {
	end, err := timeParam(q, "end", time.Now().UnixNano())
	if err != nil {
		return storage.Window{}, err
	}
	start, err := timeParam(q, "start", end-int64(defaultWindow))
	if err != nil {
		return storage.Window{}, err
	}
	if start >= end {
		return storage.Window{}, badRequest("start %d must be before end %d", start, end)
	}
	return storage.Window{FromNs: start, ToNs: end}, nil
}

func timeParam(q url.Values, name string, absent int64) (int64, error) {
	text := q.Get(name)
	if text == "" {
		return absent, nil
	}
	ns, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, badRequest("%s %q: must be Unix nanoseconds as a whole number, such as 1790000000000000000", name, text)
	}
	return ns, nil
}

func intParam(q url.Values, name string, absent, least, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, badRequest("%s %q: must be a whole number from %d to %d", name, text, least, most)
	}
	return n, nil
}

func durationParam(q url.Values, name string) (d time.Duration, given bool, err error) {
	text := q.Get(name)
	if text == "" {
		return 0, false, nil
	}
	if d, err = time.ParseDuration(text); err != nil {
		return 0, false, badRequest("%s %q: must be a duration with a unit, such as 200ms or 1.5s", name, text)
	}
	return d, true, nil
}

// kindNames and statusNames are indexed by the OTLP enum.
var (
	kindNames   = []string{"unspecified", "internal", "server", "client", "producer", "consumer"}
	statusNames = []string{"unset", "ok", "error"}
)

func enumParam(q url.Values, name string, names []string) (value int64, given bool, err error) {
	text := q.Get(name)
	if text == "" {
		return 0, false, nil
	}
	i := slices.Index(names, text)
	if i < 0 {
		return 0, false, badRequest("%s %q: must be one of %v", name, text, names)
	}
	return int64(i), true, nil
}

func enumName(names []string, value uint8) string {
	if int(value) < len(names) {
		return names[value]
	}
	return names[0]
}
