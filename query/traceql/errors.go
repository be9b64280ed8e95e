package traceql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError says what is wrong with the text of a query, and where. Parse
// returns no other error.
type SyntaxError struct {
	Line, Column int    // of the first wrong character, from 1; columns count characters
	Msg          string // what is wrong
	Remedy       string // what to write instead, "" when there is no likely guess
}

func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("traceql: line %d, column %d: %s", e.Line, e.Column, e.Msg)
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

// Caret returns the line of the query that has the error, and below it a
// caret under the wrong character.
func (e *SyntaxError) Caret(query string) string {
	lines := strings.Split(query, "\n")
	if e.Line < 1 || e.Line > len(lines) {
		return ""
	}
	line := strings.TrimSuffix(lines[e.Line-1], "\r")
	var indent strings.Builder
	for i, r := range []rune(line) {
		if i >= e.Column-1 {
			break
		}
		if r != '\t' {
			r = ' '
		}
		indent.WriteRune(r)
	}
	return line + "\n" + indent.String() + "^"
}

func errorAt(text string, offset int, msg, remedy string) *SyntaxError {
	before := text[:min(offset, len(text))]
	start := strings.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Line:   strings.Count(before, "\n") + 1,
		Column: utf8.RuneCountInString(before[start:]) + 1,
		Msg:    msg,
		Remedy: remedy,
	}
}

// didYouMean returns a remedy that names the closest of the known words, ""
// when none is close.
func didYouMean(word string, known []string) string {
	best, bestDistance := "", 1+len(word)/3
	for _, k := range known {
		if strings.EqualFold(k, word) {
			return fmt.Sprintf("did you mean %s?", k)
		}
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d <= bestDistance {
			if best == "" || d < bestDistance {
				best, bestDistance = k, d
			}
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s?", best)
}

// editDistance counts the insertions, deletions and replacements of bytes
// between two short words; longer ones are not alike.
func editDistance(a, b string) int {
	const longest = 40
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
