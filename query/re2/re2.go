// Package re2 compiles the regular expressions of clients, within bounds.
//
// Matching takes linear time whatever the expression is. Its program does not
// take linear memory: ((a{1000}){…) is a few bytes that stand for a hundred
// megabytes and for seconds of compiling that nothing can cancel, and one query
// may have many of them.
package re2

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// MaxSize is how large the programs of all expressions of one query may be
// together, in instructions, about. Text takes one for a character, so that it
// is counted repetition that does not fit.
const MaxSize = 1 << 17

// ErrTooLarge is the error of an expression for which there is no room.
var ErrTooLarge = errors.New("the regular expression is too large")

// Bound is the room that one query has. The zero Bound has MaxSize. It is not
// safe for concurrent use.
type Bound struct{ used int }

// Compile compiles text between before and after. Text must be an expression on
// its own: what surrounds it cannot repair it.
func (b *Bound) Compile(before, text, after string) (*regexp.Regexp, error) {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	n := size(tree)
	if n > MaxSize-b.used {
		return nil, fmt.Errorf("%w: with all that its repetitions stand for, those of the query have more than %d characters", ErrTooLarge, MaxSize)
	}
	b.used += n
	return regexp.Compile(before + text + after)
}

// size is about the number of instructions that an expression is compiled to,
// at least MaxSize+1 when it is more than MaxSize.
func size(x *syntax.Regexp) int {
	n := 1
	switch x.Op {
	case syntax.OpLiteral:
		n = len(x.Rune)
	case syntax.OpCapture:
		n = 2
	}
	for _, sub := range x.Sub {
		n += size(sub)
		if n > MaxSize {
			return MaxSize + 1
		}
	}
	if x.Op == syntax.OpRepeat { // at most 1000 times
		n *= max(x.Min, x.Max, 1)
	}
	return min(n, MaxSize+1)
}
