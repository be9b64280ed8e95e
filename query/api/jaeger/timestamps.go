package jaeger

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/heddle-io/heddle/storage"
)

// missing says that a time is not set. Go clients whose generated code has no
// pointers send the zero time for that.
func missing(t *timestamppb.Timestamp) bool { return t == nil || t.AsTime().IsZero() }

// timeField reads a time of a request; absent stands for one that is missing.
func timeField(name string, t *timestamppb.Timestamp, absent int64) (int64, error) {
	if missing(t) {
		return absent, nil
	}
	if err := t.CheckValid(); err != nil {
		return 0, badRequestError{fmt.Errorf("malformed parameter %s: %w", name, err)}
	}
	return storage.UnixNs(t.AsTime()), nil
}

// requiredWindow reads two times that must be there, the first inclusive, the
// second exclusive.
func requiredWindow(from string, start *timestamppb.Timestamp, to string, end *timestamppb.Timestamp) (w storage.Window, err error) {
	if missing(start) || missing(end) {
		return w, badRequestError{fmt.Errorf("%s and %s are required", from, to)}
	}
	if w.FromNs, err = timeField(from, start, 0); err != nil {
		return w, err
	}
	w.ToNs, err = timeField(to, end, 0)
	return w, err
}

// durationField reads a duration of a request, 0 when it is missing.
func durationField(name string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if err := d.CheckValid(); err != nil {
		return 0, badRequestError{fmt.Errorf("malformed parameter %s: %w", name, err)}
	}
	return d.AsDuration(), nil
}

// nsOf reads a time of Jaeger's model; absent stands for the zero time.
func nsOf(t time.Time, absent int64) int64 {
	if t.IsZero() {
		return absent
	}
	return storage.UnixNs(t)
}
