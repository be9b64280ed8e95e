package columnar

import (
	"log/slog"
	"time"
)

// progress tells people how far the recovery is.
type progress struct {
	tell   func(done, total int64)
	logger *slog.Logger
	now    func() time.Time
	start  time.Time
	last   time.Time
	told   bool
}

const progressEvery = 500 * time.Millisecond

func newProgress(o DiskOptions, totalBytes int64) *progress {
	p := &progress{tell: o.Progress, logger: o.Logger, now: o.now, start: o.now()}
	p.last = p.start
	if p.tell == nil {
		p.tell = func(done, total int64) {
			p.logger.Info("reading the log", "done_bytes", done, "total_bytes", total, "percent", 100*done/max(total, 1))
		}
	}
	return p
}

func (p *progress) report(done, total int64) {
	if now := p.now(); now.Sub(p.last) >= progressEvery {
		p.last, p.told = now, true
		p.tell(done, total)
	}
}

func (p *progress) end(requests int) {
	if requests > 0 {
		p.logger.Info("read the log", "requests", requests, "seconds", p.now().Sub(p.start).Seconds())
	}
}
