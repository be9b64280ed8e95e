package columnar

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// helpers are the goroutines that queries may have beside their own, all
// queries together: as many as there are cores, so that queries neither leave
// cores idle nor crowd out the writers.
var helpers = make(chan struct{}, runtime.GOMAXPROCS(0))

// crew is the goroutines that work for one query.
type crew struct {
	extra int
	ended sync.WaitGroup
}

// hire takes on at most n helpers, as many as are free.
func (c *crew) hire(n int, work func(helper int)) {
	for ; n > 0; n-- {
		select {
		case helpers <- struct{}{}:
		default:
			return
		}
		c.extra++
		helper := c.extra
		c.ended.Add(1)
		go func() {
			defer c.ended.Done()
			defer func() { <-helpers }()
			work(helper)
		}()
	}
}

// inParallel calls work with every number below n, on the calling goroutine and on
// helpers. worker tells the goroutines apart, from 0. It returns the first
// error and stops then.
func inParallel(ctx context.Context, n int, work func(worker, i int) error) error {
	var next atomic.Int64
	var once sync.Once
	var failed error
	stop := func(err error) {
		once.Do(func() { failed = err })
		next.Store(int64(n))
	}
	run := func(worker int) {
		for {
			i := int(next.Add(1) - 1)
			if i >= n {
				return
			}
			err := ctx.Err()
			if err == nil {
				err = work(worker, i)
			}
			if err != nil {
				stop(err)
				return
			}
		}
	}
	var c crew
	c.hire(n-1, run)
	run(0)
	c.ended.Wait()
	return failed
}

// maxWorkers is the most goroutines that inParallel uses.
func maxWorkers() int { return cap(helpers) + 1 }

// inOrder calls prepare with every number below n, ahead of use on helpers,
// and use with the results in order, on the calling goroutine, until it returns
// false. How far ahead grows with what was used: who stops early does not pay
// for what follows.
func inOrder[R any](ctx context.Context, n int, prepare func(i int) R, use func(i int, r R) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	results := make([]chan R, n)
	for i := range results {
		results[i] = make(chan R, 1)
	}
	var mu sync.Mutex
	taken := 0 // numbers that somebody prepares or has prepared
	take := func(limit int) (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if taken >= min(limit, n) {
			return 0, false
		}
		taken++
		return taken - 1, true
	}
	var used atomic.Int64
	wake := sync.NewCond(&mu)
	work := func(int) {
		for ctx.Err() == nil {
			mu.Lock()
			for taken < n && taken > 2*int(used.Load()) && ctx.Err() == nil {
				wake.Wait()
			}
			mu.Unlock()
			i, ok := take(n)
			if !ok || ctx.Err() != nil {
				if ok {
					close(results[i])
				}
				return
			}
			results[i] <- prepare(i)
		}
	}
	var c crew
	defer func() {
		cancel()
		mu.Lock()
		wake.Broadcast()
		mu.Unlock()
		c.ended.Wait()
	}()
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i == 1 { // the first is alone: it is often all that is needed
			c.hire(min(n-1, cap(helpers)), work)
		}
		var r R
		if mine, ok := take(i + 1); ok && mine == i {
			r = prepare(i)
		} else {
			select {
			case r = <-results[i]:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		used.Store(int64(i + 1))
		mu.Lock()
		wake.Broadcast()
		mu.Unlock()
		if !use(i, r) {
			return nil
		}
	}
	return nil
}
