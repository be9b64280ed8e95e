package storage

import "fmt"

// Signal is a kind of telemetry.
type Signal uint8

const (
	SignalSpans Signal = 1
	SignalLogs  Signal = 2
)

func (s Signal) String() string {
	switch s {
	case SignalSpans:
		return "spans"
	case SignalLogs:
		return "logs"
	}
	return fmt.Sprintf("signal(%d)", uint8(s))
}
