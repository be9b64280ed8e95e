package traceql

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// number reads an int, a float or a duration: a sequence of numbers with units.
func (l *lexer) number() token {
	start := l.at
	digits := l.takeNumber()
	if r, _ := utf8.DecodeRuneInString(l.text[l.at:]); l.at < len(l.text) && (isWordRune(r) || r == '.') {
		return l.duration(start, digits)
	}
	t := token{kind: tokenNumber, text: digits, offset: start}
	if !strings.ContainsAny(digits, ".eE") {
		n, err := strconv.ParseUint(digits, 10, 64)
		switch {
		case err != nil || n > 1<<63:
			return l.fail(start, fmt.Sprintf("%s does not fit in 64 bits", digits), "write it with a point to make it a float")
		case n == 1<<63:
			t.tooLarge = true
		}
		t.value = Int(int64(n))
		return t
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return l.fail(start, fmt.Sprintf("%s is not a number that a float can hold", digits), "")
	}
	t.value = Float(f)
	return t
}

func (l *lexer) takeNumber() string {
	start := l.at
	digits := func() {
		for l.at < len(l.text) && isDigit(l.text[l.at]) {
			l.at++
		}
	}
	digits()
	if l.at < len(l.text) && l.text[l.at] == '.' {
		l.at++
		digits()
	}
	// An exponent needs a digit; otherwise the e belongs to something else.
	if rest := l.text[l.at:]; rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		i := 1
		if i < len(rest) && (rest[i] == '+' || rest[i] == '-') {
			i++
		}
		if i < len(rest) && isDigit(rest[i]) {
			l.at += i
			digits()
		}
	}
	return l.text[start:l.at]
}

var durationUnits = map[string]time.Duration{
	"ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9,
	"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

func (l *lexer) duration(start int, number string) token {
	var total time.Duration
	for {
		unit := ""
		for l.at < len(l.text) {
			r, size := utf8.DecodeRuneInString(l.text[l.at:])
			if !unicode.IsLetter(r) {
				break
			}
			unit += l.text[l.at : l.at+size]
			l.at += size
		}
		scale, ok := durationUnits[unit]
		if !ok {
			l.takeWord()
			return l.fail(start, fmt.Sprintf("%s is neither a number nor a duration", l.text[start:l.at]),
				"durations have the units ns, us, ms, s, m, h, d and w; text needs quotes, and so does the name of an attribute that begins with a digit")
		}
		part, ok := durationOf(number, scale)
		if !ok || total > math.MaxInt64-part {
			return l.fail(start, "the duration is longer than 292 years", "")
		}
		total += part
		if l.at == len(l.text) || !isDigit(l.text[l.at]) && l.text[l.at] != '.' {
			return token{kind: tokenNumber, text: l.text[start:l.at], offset: start, value: Duration(total)}
		}
		number = l.takeNumber()
	}
}

// durationOf is number times unit. Whole and fractional digits are taken
// apart, so that no nanosecond is rounded away.
func durationOf(number string, unit time.Duration) (time.Duration, bool) {
	if strings.ContainsAny(number, "eE") {
		f, err := strconv.ParseFloat(number, 64)
		ns := f * float64(unit)
		return time.Duration(ns), err == nil && ns < math.MaxInt64
	}
	whole, fraction, _ := strings.Cut(number, ".")
	ns := time.Duration(0)
	if whole != "" {
		n, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || n > math.MaxInt64/int64(unit) {
			return 0, false
		}
		ns = time.Duration(n) * unit
	}
	if fraction != "" {
		f, err := strconv.ParseFloat("0."+fraction, 64)
		if err != nil {
			return 0, false
		}
		part := time.Duration(math.Round(f * float64(unit)))
		if ns > math.MaxInt64-part {
			return 0, false
		}
		ns += part
	}
	return ns, true
}
