package collector

import (
	"regexp"
	"strings"
)

var (
	invalidKeys   = regexp.MustCompile(`has invalid keys: (.+)$`)
	unknownType   = regexp.MustCompile(`unknown type: "([^"]+)"`)
	notConfigured = regexp.MustCompile(`references (\w+) "[^"]+" which is not configured`)

	// The decoder says where it was in quoted parts, among them Go types.
	decodedAt = regexp.MustCompile(`^('\w+' error reading configuration for "[^"]+": )?((?:'[^']*' )+)(.*)$`)
	readingAt = regexp.MustCompile(`^'(\w+)' error reading configuration for "([^"]+)": $`)
	goType    = regexp.MustCompile(`^\w+\.\w*[A-Z]\w*$`)
)

// rewordings turn what decoders say into what a person needs to know.
var rewordings = []struct {
	pattern *regexp.Regexp
	text    string
}{
	{regexp.MustCompile(`cannot (unmarshal|resolve) the configuration: `), ""},
	{regexp.MustCompile(`decoding failed due to the following error\(s\):\s*`), ""},
	{regexp.MustCompile(`cannot retrieve the configuration: `), ""},
	{regexp.MustCompile(`retrieved value \(type=\w+\) cannot be used as a Conf: (assuming string type since contents are not valid YAML: )?`), "it is not YAML: "},
	{regexp.MustCompile(` \(valid values: [^)]*\)`), ""},
	{regexp.MustCompile(`expected type 'u?int\d*', got unconvertible type '(\w+)'`), "expected a whole number, not a $1"},
	{regexp.MustCompile(`expected type 'float\d*', got unconvertible type '(\w+)'`), "expected a number, not a $1"},
	{regexp.MustCompile(`expected type 'bool', got unconvertible type '(\w+)'`), "expected true or false, not a $1"},
	{regexp.MustCompile(`(\w)::(\w)`), "$1.$2"},
}

// plainText says an error of the configuration decoder in the words of the
// configuration file, and which keys it did not know.
func plainText(text string) (plain string, unknown []string) {
	for _, r := range rewordings {
		// Twice, because matches of the last one share a letter.
		text = r.pattern.ReplaceAllString(r.pattern.ReplaceAllString(text, r.text), r.text)
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		line = placed(line)
		if m := invalidKeys.FindStringSubmatch(line); m != nil {
			for key := range strings.SplitSeq(m[1], ", ") {
				unknown = append(unknown, key)
			}
			line = invalidKeys.ReplaceAllString(line, "unknown key $1")
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n  "), unknown
}

// placed puts the place first: "receivers.otlp.protocols.grpc: ...".
func placed(line string) string {
	m := decodedAt.FindStringSubmatch(line)
	if m == nil {
		return line
	}
	var place []string
	if in := readingAt.FindStringSubmatch(m[1]); in != nil {
		place = append(place, in[1], in[2])
	}
	for part := range strings.SplitSeq(strings.TrimSpace(m[2]), "' '") {
		if part = strings.Trim(part, "'"); part != "" && !goType.MatchString(part) {
			place = append(place, part)
		}
	}
	if len(place) == 0 {
		return m[3]
	}
	return strings.Join(place, ".") + ": " + m[3]
}
