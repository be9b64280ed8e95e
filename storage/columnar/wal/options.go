package wal

import (
	"errors"
	"fmt"
	"time"
)

// Durability says what Wait waits for.
type Durability uint8

const (
	// Sync: the frame is on the disk. It survives a power cut.
	Sync Durability = iota
	// Interval: the operating system has the frame. It survives a kill of the
	// process; a power cut takes what came in the last Options.Interval.
	Interval
	// None: like Interval, but a segment is synced only when it is full.
	None
)

func (d Durability) String() string {
	switch d {
	case Sync:
		return "sync"
	case Interval:
		return "interval"
	case None:
		return "none"
	}
	return fmt.Sprintf("durability(%d)", uint8(d))
}

// Options configure a Log. A zero field has the default of DefaultOptions.
type Options struct {
	Durability      Durability
	Interval        time.Duration // how long a frame may wait for its sync with Durability Interval
	SegmentBytes    int64         // size at which the next segment is begun; a larger group gets a larger segment
	MaxPendingBytes int           // frames not yet written, over which Enqueue blocks; a larger frame goes alone

	// NextLSN is a lower bound of the LSN that is assigned next. The caller
	// must pass one more than the largest LSN that it has stored elsewhere, as
	// the log forgets what it assigned but never wrote.
	NextLSN uint64

	// OnError is told of each failure of the log, from its goroutines. It must
	// not call the Log, except for Stats. nil means nobody is told.
	OnError func(error)
}

// DefaultOptions lose nothing.
func DefaultOptions() Options {
	return Options{Durability: Sync, Interval: time.Second, SegmentBytes: 64 << 20, MaxPendingBytes: 64 << 20, NextLSN: 1, OnError: func(error) {}}
}

// Validate says what is wrong, after defaults were filled in.
func (o Options) Validate() error {
	switch {
	case o.Durability > None:
		return fmt.Errorf("wal: Durability is %v, it must be sync, interval or none", o.Durability)
	case o.Interval < time.Millisecond:
		return fmt.Errorf("wal: Interval is %v, it must be at least 1ms", o.Interval)
	case o.SegmentBytes < minSegmentBytes:
		return fmt.Errorf("wal: SegmentBytes is %d, it must be at least %d", o.SegmentBytes, minSegmentBytes)
	case o.MaxPendingBytes < 1:
		return fmt.Errorf("wal: MaxPendingBytes is %d, it must be at least 1", o.MaxPendingBytes)
	}
	return nil
}

const minSegmentBytes = 4 << 10

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	if o.Interval == 0 {
		o.Interval = d.Interval
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = d.SegmentBytes
	}
	if o.MaxPendingBytes == 0 {
		o.MaxPendingBytes = d.MaxPendingBytes
	}
	if o.NextLSN == 0 {
		o.NextLSN = d.NextLSN
	}
	if o.OnError == nil {
		o.OnError = d.OnError
	}
	return o
}

// Sentinels. Test with errors.Is.
var (
	// ErrFailed: the disk failed or is full. The frame is not in the log, and
	// nothing is taken until the log could begin a new segment, which it tries
	// by itself. The same record may be enqueued again.
	ErrFailed = errors.New("wal: the log cannot be written")
	// ErrClosed: the log was closed.
	ErrClosed = errors.New("wal: closed")
	// ErrTooLarge: no frame can hold such a record.
	ErrTooLarge = errors.New("wal: record too large")
)
