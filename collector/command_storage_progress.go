package collector

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress is a line on a terminal that tells how far something is. Elsewhere
// it is silent.
type progress struct {
	w     io.Writer // nil: silent
	what  string
	now   func() time.Time
	start time.Time
	last  time.Time
	shown bool
}

func newProgress(w io.Writer, what string) *progress {
	p := &progress{what: what, now: time.Now}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.w = w
	}
	p.start = p.now()
	return p
}

const (
	progressFirst = time.Second // what takes less needs no progress
	progressEvery = 200 * time.Millisecond
)

// show tells that done of total bytes are done.
func (p *progress) show(done, total int64) {
	if p.w == nil {
		return
	}
	now := p.now()
	if now.Sub(p.start) < progressFirst || now.Sub(p.last) < progressEvery {
		return
	}
	p.last, p.shown = now, true
	fmt.Fprintf(p.w, "\r\x1b[K%s: %s", p.what, progressText(done, total, now.Sub(p.start)))
}

func progressText(done, total int64, elapsed time.Duration) string {
	text := fmt.Sprintf("%s of %s", sizeText(uint64(done)), sizeText(uint64(total)))
	if done <= 0 || total <= 0 {
		return text
	}
	left := time.Duration(float64(elapsed) * float64(total-done) / float64(done))
	return fmt.Sprintf("%d %%, %s, %s left", 100*done/total, text, left.Round(time.Second))
}

// clear takes the line away, before something else is written.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
