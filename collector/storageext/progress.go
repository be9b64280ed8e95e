package storageext

import (
	"fmt"
	"time"

	"go.uber.org/zap"
)

// newProgress tells how far the recovery of a store is that begins now, for
// people who wait for it: how much is done and how long the rest takes.
func newProgress(logger *zap.Logger) func(done, total int64) {
	began := time.Now()
	return func(done, total int64) { logger.Info(progressText(done, total, time.Since(began))) }
}

// progressText is the text for done of total bytes, which took some time.
func progressText(done, total int64, took time.Duration) string {
	text := fmt.Sprintf("recovering: %d %% of %s of the log were read", 100*done/max(total, 1), round(total))
	if done <= 0 {
		return text
	}
	left := time.Duration(float64(took) * float64(max(total-done, 0)) / float64(done))
	return text + fmt.Sprintf(", about %v left", left.Round(time.Second))
}

// round is a size for people, to three digits.
func round(bytes int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v := float64(bytes)
	for len(units) > 1 && v >= 1000 {
		v, units = v/1024, units[1:]
	}
	return fmt.Sprintf("%.3g %s", v, units[0])
}
