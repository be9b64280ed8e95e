package collector

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress tells how far something is: on a terminal by a line that changes,
// elsewhere by a line a minute.
type progress struct {
	w     io.Writer
	lines bool // it is no terminal
	what  string
	now   func() time.Time
	start time.Time
	last  time.Time
	shown bool
}

func newProgress(w io.Writer, what string) *progress {
	f, ok := w.(*os.File)
	p := &progress{w: w, lines: !ok || !term.IsTerminal(int(f.Fd())), what: what, now: time.Now}
	p.start = p.now()
	return p
}

const (
	progressFirst = time.Second // what takes less needs no progress
	progressEvery = 200 * time.Millisecond

	progressLines = time.Minute // where it is no terminal
)

// show tells that done of total bytes are done.
func (p *progress) show(done, total int64) {
	first, every := progressFirst, progressEvery
	if p.lines {
		first, every = progressLines, progressLines
	}
	now := p.now()
	if now.Sub(p.start) < first || now.Sub(p.last) < every {
		return
	}
	p.last = now
	if p.lines {
		fmt.Fprintf(p.w, "%s: %s\n", p.what, progressText(done, total, now.Sub(p.start)))
		return
	}
	p.shown = true
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
