package traceql

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// StreamRange answers like Range in steps, from the newest part of the window
// to the oldest: each has the points and exemplars that have become final since
// the one before, NaN elsewhere, and the cost so far. No point comes twice or
// changes later; all steps together have those of Range's answer. A step comes
// about four times a second at most; one without series tells that it goes on.
// The last one has More unset and says whether anything is missing. The sequence
// is single use; an error is its last element.
//
// What compare(…), topk(…) and bottomk(…) show of one point in time depends on
// the whole window: of a query with them all points are in the last step.
func StreamRange(ctx context.Context, r storage.SpanReader, q *Query, o RangeOptions) iter.Seq2[Matrix, error] {
	return streamMetrics(ctx, r, q, o, false)
}

// StreamInstant answers like Instant in steps. One with series has all of the
// part of the window that was read until then, from its end on, and stands for
// all before it; one without tells that it goes on. The last one, which has More
// unset, is Instant's answer. The sequence is single use; an error is its last
// element.
func StreamInstant(ctx context.Context, r storage.SpanReader, q *Query, o RangeOptions) iter.Seq2[Matrix, error] {
	o.StepNs = o.wholeWindow()
	return streamMetrics(ctx, r, q, o, true)
}

func streamMetrics(ctx context.Context, r storage.SpanReader, q *Query, o RangeOptions, instant bool) iter.Seq2[Matrix, error] {
	return func(yield func(Matrix, error) bool) {
		steps := &metricsSteps{instant: instant, sent: map[string]struct{}{}, handedOut: math.MaxInt, yielded: time.Now()}
		steps.yield = func(m Matrix) error {
			m.More = true
			steps.yielded = time.Now()
			if !yield(m, nil) {
				return errStopped
			}
			return nil
		}
		m, err := evaluateMetrics(ctx, r, q, o, steps)
		if !errors.Is(err, errStopped) {
			yield(m, err)
		}
	}
}

// metricsSteps hands out what a metrics query has found while it goes on. Of
// nil every method does what is done when nobody waits.
type metricsSteps struct {
	instant   bool
	yield     func(Matrix) error
	yielded   time.Time
	handedOut int                 // cells from here on
	sent      map[string]struct{} // series of which points were handed out
}

// A slice that takes less than shortSlice is followed by one of twice its
// length, one that takes more than longSlice by one of half of it.
const (
	firstSlice = 16 // of how many equal ones the first is
	shortSlice = 250 * time.Millisecond
	longSlice  = time.Second
)

// slices cuts the window into pieces of whole cells, of an instant query into
// pieces of its cell, the newest first. Where nobody waits, they are what is
// left of an answer when its time is over.
func (s *metricsSteps) slices(e *metricsEngine) iter.Seq[storage.Window] {
	w := e.o.Window
	return func(yield func(storage.Window) bool) {
		if len(e.compared) > 0 || s == nil && e.o.Budget.Duration == 0 {
			yield(w)
			return
		}
		unit, units := e.o.StepNs, int64(e.cells)
		if s != nil && s.instant {
			unit = max((w.ToNs-w.FromNs)/(8*firstSlice), 1)
			units = (w.ToNs-w.FromNs-1)/unit + 1
		}
		n := max(units/firstSlice, 1)
		for to := w.ToNs; units > 0; {
			units -= min(n, units)
			slice := storage.Window{FromNs: w.FromNs + units*unit, ToNs: to}
			to = slice.FromNs
			began := time.Now()
			if !yield(slice) {
				return
			}
			switch took := time.Since(began); {
			case took < shortSlice:
				n *= 2
			case took > longSlice:
				n = max(n/2, 1)
			}
		}
	}
}

// handOut yields what is final once everything from a time on was read.
func (s *metricsSteps) handOut(e *metricsEngine, fromNs int64) error {
	if s == nil || time.Since(s.yielded) < stepEvery && !e.o.eagerSteps {
		return nil
	}
	if !s.instant && ranks(e.of) {
		return s.progress(e)
	}
	series, err := e.eval(e.of)
	if err != nil {
		return err
	}
	if len(series) > e.o.MaxSeries { // which of them are shown the end tells
		return s.progress(e)
	}
	sortSeries(series)
	if !s.instant {
		from := e.cell(fromNs)
		series = s.cut(e, series, from)
		s.handedOut = from
	}
	return s.yield(e.matrix(series))
}

// rest is what was not handed out of an answer.
func (s *metricsSteps) rest(e *metricsEngine, series []Series) []Series {
	if s == nil || s.instant {
		return series
	}
	return s.cut(e, series, 0)
}

// cut keeps the points and exemplars from a cell on that were not handed out.
// Of a series that nobody knew of those are all: it may be zero where others
// were handed out.
func (s *metricsSteps) cut(e *metricsEngine, series []Series, from int) []Series {
	for i := range series {
		one := &series[i]
		to := e.cells
		if _, ok := s.sent[labelKey(one.Labels)]; ok {
			to = s.handedOut
		}
		for cell := range one.Values {
			if cell < from || cell >= to {
				one.Values[cell] = math.NaN()
			}
		}
		one.Exemplars = slices.DeleteFunc(one.Exemplars, func(x Exemplar) bool {
			cell := e.cell(x.TimeNs)
			return cell < from || cell >= to
		})
	}
	series = withPoints(series)
	for _, one := range series {
		s.sent[labelKey(one.Labels)] = struct{}{}
	}
	return series
}

// ranks says whether which points there are depends on which series there are.
func ranks(x series) bool {
	switch x := x.(type) {
	case *rank:
		return true
	case *threshold:
		return ranks(x.x)
	case *seriesOp:
		return ranks(x.l) || ranks(x.r)
	}
	return false
}

// progress yields a step without series when the last one was a while ago.
func (s *metricsSteps) progress(e *metricsEngine) error {
	if s == nil || time.Since(s.yielded) < stepEvery {
		return nil
	}
	return s.yield(e.matrix(nil))
}

// during runs work, which takes a while, and meanwhile yields steps without series.
// The goroutines of work may change the meter while they hold metering.
func (s *metricsSteps) during(e *metricsEngine, metering *sync.Mutex, work func(context.Context) error) error {
	if s == nil {
		return work(e.until)
	}
	ctx, cancel := context.WithCancel(e.until)
	defer cancel()
	done := make(chan struct{})
	var failed error // before done is closed: the goroutine's
	go func() {
		defer close(done)
		failed = work(ctx)
	}()
	tick := time.NewTicker(stepEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return failed
		case <-tick.C:
			metering.Lock()
			m := e.matrix(nil)
			metering.Unlock()
			if err := s.yield(m); err != nil { // on the consumer's goroutine, as always
				cancel()
				<-done // it was cancelled
				return err
			}
		}
	}
}

func (s *metricsSteps) sentAny() bool { return s != nil && len(s.sent) > 0 }

// compareSent puts series of which points were handed out first.
func (s *metricsSteps) compareSent(a, b Series) int {
	if !s.sentAny() {
		return 0
	}
	_, sentA := s.sent[labelKey(a.Labels)]
	_, sentB := s.sent[labelKey(b.Labels)]
	switch {
	case sentA == sentB:
		return 0
	case sentA:
		return -1
	}
	return 1
}
