package columnar

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// modelSeed, in the environment, is a seed to be tried alone.
const modelSeed = "HEDDLE_TEST_MODEL_SEED"

// modelSeeds, in the environment, is how many seeds are tried.
const modelSeeds = "HEDDLE_TEST_MODEL_SEEDS"

// TestModel does random things to a store on a disk that fails in every way,
// and compares what it shows with a list of what it was told.
func TestModel(t *testing.T) {
	t.Parallel()
	from, to := uint64(1), uint64(120)
	if testing.Short() {
		to = 12
	}
	if n, err := strconv.ParseUint(os.Getenv(modelSeeds), 10, 64); err == nil {
		to = n
	}
	if seed, err := strconv.ParseUint(os.Getenv(modelSeed), 10, 64); err == nil {
		from, to = seed, seed
	}
	for seed := from; seed <= to; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed)
			for range 60 {
				w.step()
			}
			w.end()
			if from == to {
				t.Log(w.counts)
			}
		})
	}
}
