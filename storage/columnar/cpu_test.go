//go:build linux

package columnar

import (
	"syscall"
	"testing"
	"time"
)

// cpuClock measures the CPU time of the process, the collector included: on a
// machine with neighbours the wall clock says little.
type cpuClock struct{ from time.Duration }

func startCPU() cpuClock { return cpuClock{cpuTime()} }

func cpuTime() time.Duration { return usage(syscall.RUSAGE_SELF) }

func usage(who int) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(who, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// perSpan reports the CPU time of an operation for each of n spans.
func (c cpuClock) perSpan(b *testing.B, n int) {
	b.ReportMetric(float64(cpuTime()-c.from)/float64(b.N)/float64(n), "cpu-ns/span")
}

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration { return usage(syscall.RUSAGE_THREAD) }
