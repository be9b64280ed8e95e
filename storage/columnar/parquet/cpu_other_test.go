//go:build !linux

package parquet

import "time"

var started = time.Now()

// cpuTime is the clock where CPU time is not known.
func cpuTime() time.Duration { return time.Since(started) }
