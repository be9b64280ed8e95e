//go:build !race

package columnar

const raced = false

func fewerRaced[T int | uint64](n T) T { return n }
