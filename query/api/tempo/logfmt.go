package tempo

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/query/traceql"
)

// parseLogfmt reads key=value pairs; values may be quoted. A key without a
// value has "".
func parseLogfmt(text string) (map[string]string, error) {
	pairs := map[string]string{}
	for rest := strings.TrimLeft(text, " \t\n"); rest != ""; rest = strings.TrimLeft(rest, " \t\n") {
		end := strings.IndexAny(rest, "= \t\n\"")
		if end < 0 {
			end = len(rest)
		}
		key, value := rest[:end], ""
		rest = rest[end:]
		if key == "" {
			return nil, bad("invalid tags: expected key=value at %q", shorten(rest))
		}
		if after, ok := strings.CutPrefix(rest, "="); ok {
			if strings.HasPrefix(after, `"`) {
				quoted, err := strconv.QuotedPrefix(after)
				if err != nil {
					return nil, bad("invalid tags: the quotes at %q do not end", shorten(after))
				}
				value, _ = strconv.Unquote(quoted) // QuotedPrefix checked it
				rest = after[len(quoted):]
			} else {
				end := strings.IndexAny(after, " \t\n")
				if end < 0 {
					end = len(after)
				}
				value, rest = after[:end], after[end:]
			}
		}
		if rest != "" && !strings.ContainsRune(" \t\n", rune(rest[0])) {
			return nil, bad("invalid tags: expected a space at %q", shorten(rest))
		}
		if _, ok := pairs[key]; ok {
			return nil, bad("invalid tags: tag %s has been set twice", key)
		}
		pairs[key] = value
	}
	return pairs, nil
}

func shorten(text string) string {
	const most = 30
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// queryOfTags is the query for traces that have all tags, be it on different
// spans. Values match in part and in either case.
func queryOfTags(pairs map[string]string) string {
	if len(pairs) == 0 {
		return "{ }"
	}
	var sets []string
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		sets = append(sets, "{ "+conditionOfTag(key, pairs[key])+" }")
	}
	return strings.Join(sets, " && ")
}

func conditionOfTag(key, value string) string {
	contains := func(field string) string {
		return field + " =~ " + strconv.Quote("(?is).*"+regexp.QuoteMeta(value)+".*")
	}
	switch key {
	case "name":
		return contains("name")
	case "root.name":
		return contains("rootName")
	case "root.service.name":
		return contains("rootServiceName")
	case "error":
		if value == "true" {
			return `(status = error || .error = true || .error = "true")`
		}
	case "status", "status.code":
		if value == "error" || value == "ok" || value == "unset" {
			return "status = " + value
		}
	}
	field := "." + traceql.QuoteName(key)
	if value == "" {
		return field + " != nil"
	}
	either := []string{contains(field)}
	if value == "true" || value == "false" {
		either = append(either, field+" = "+value)
	}
	if isNumber.MatchString(value) {
		either = append(either, field+" = "+value)
	}
	return "(" + strings.Join(either, " || ") + ")"
}

var isNumber = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]{1,15})?$`)
