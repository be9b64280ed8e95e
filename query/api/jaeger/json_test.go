package jaeger

import (
	"math"
	"testing"
)

func TestInts(t *testing.T) {
	for i, want := range map[int64]string{
		0: "0", 1<<53 - 1: "9007199254740991", 1 << 53: `"9007199254740992"`, -(1<<53 - 1): "-9007199254740991", math.MinInt64: `"-9223372036854775808"`,
	} {
		if got := string(appendInt(nil, i)); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
}
