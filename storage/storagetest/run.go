package storagetest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// Run checks a backend. open returns an empty store for one test; the suite
// closes it. A backend that spreads records over several tables or files should
// be opened with small ones, a few hundred records, so that the suite crosses
// their bounds. With -short the clauses are the same, with fewer random questions:
// what the suite does at once it does as often as otherwise.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	for _, c := range []struct {
		clause string
		test   func(*env)
	}{
		{"RoundTrip", testRoundTrip},
		{"RoundTripKeepsDuplicateKeys", testDuplicateKeys},
		{"RoundTripOfRandomSpans", testRandomRoundTrip},
		{"InvalidSpansAreToldAndNotStored", testRejected},
		{"TextIsRepaired", testRepair},
		{"WriterKeepsNoMemoryOfTheRequest", testNoAliasing},
		{"TraceSpreadOverWrites", testSpreadTrace},
		{"TracesReturnsDuplicatesAndLeavesOutUnknown", testTracesDuplicates},
		{"WindowsAreHalfOpen", testWindows},
		{"PredicateOfEveryTypePair", testTypePairs},
		{"PredicatesOfRandomShape", testRandomPredicates},
		{"ScanBoundsWhatIsLeft", testNewestLeft},
		{"ProjectionOfEveryKey", testProjection},
		{"TallyEqualsReference", testTally},
		{"TallyStops", testTallyStops},
		{"AggregateEqualsReference", testAggregate},
		{"AggregateBounds", testAggregateBounds},
		{"KeysEqualReference", testKeys},
		{"ValuesEqualReference", testValues},
		{"EdgesEqualReference", testEdges},
		{"EdgesOfSharedIDs", testSharedIDEdges},
		{"EdgesOfFailedCalls", testFailedEdges},
		{"ReadTracesEqualsReference", testReadTraces},
		{"ReadTracesStops", testStopReadingTraces},
		{"ReadTracesSkipsKnownParts", testKnownParts},
		{"UnsupportedIsRefused", testUnsupported},
		{"CancelledContext", testCancel},
		{"EarlyStopLeaksNothing", testEarlyStop},
		{"ReadYourWrites", testReadYourWrites},
		{"ConcurrentWritersAndReaders", testConcurrent},
		{"StatsCount", testStats},
		{"ClosedStoreRefuses", testClosed},
	} {
		t.Run(c.clause, func(t *testing.T) { c.test(newEnv(t, open)) })
	}
	runLogs(t, open)
}

// env is what every clause gets.
type env struct {
	*testing.T
	store storage.Store
	spans storage.SpanStore
	rng   *rand.Rand
	open  func(t *testing.T) storage.Store
}

func newEnv(t *testing.T, open func(t *testing.T) storage.Store) *env {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("HEDDLE_STORAGETEST_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("HEDDLE_STORAGETEST_SEED=%d", seed)
		}
	})
	e := &env{T: t, store: open(t), rng: rand.New(rand.NewPCG(seed, 1)), open: open}
	e.spans = e.store.Spans()
	t.Cleanup(func() { _ = e.store.Close() })
	return e
}
