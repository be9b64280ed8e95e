package parquet

import (
	"syscall"
	"time"
)

// cpuTime is the CPU time of the process. Benchmarks report it because the
// clock also counts what other processes do on the same cores.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
