package collector

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

// tracesFlags are the flags of "query traces" as they are given.
type tracesFlags struct {
	queryClient
	from, to, format string
	limit            int
}

func newQueryTracesCommand() *cobra.Command {
	var f tracesFlags
	cmd := &cobra.Command{
		Use:   "traces [QUERY]",
		Short: "Search traces with TraceQL",
		Long: `List the newest traces that match a query in TraceQL; without a query, the newest.
Everything that is said of a trace is said of the whole trace.

Times are as in 2026-08-01T12:00:00Z or 2026-08-01, or relative to now as in -90m, -1h
or -7d; searches have them in whole seconds. Without them, everything that is stored is
searched.

json is one object: traces with traceId, start (RFC 3339), startUnixNano, durationMs,
spans, errors, rootService, rootName, matchedSpans and services, and partial, which says
in words why the answer is not complete and is absent when it is.`,
		Example: `  heddle query traces '{ status = error }' --from -1h
  heddle query traces '{ resource.service.name = "cart" && duration > 200ms }' --limit 100
  heddle query traces '{ name = "GET /checkout" } >> { status = error }' --from -1d -o json
  heddle query traces --address https://heddle.example --token-file token`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("the query has to be one argument, %d were given: put it into single quotes", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			query := "{ }"
			if len(args) > 0 && strings.TrimSpace(args[0]) != "" {
				query = args[0]
			}
			return f.run(cmd, query)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "first `TIME` (default: the beginning)")
	flags.StringVar(&f.to, "to", "", "`TIME` before which to end (default: the end)")
	flags.IntVar(&f.limit, "limit", 20, "the most traces to list")
	flags.StringVarP(&f.format, "output", "o", "table", "table for people, json for programs")
	f.addFlags(cmd)
	return cmd
}

// foundTraces is the output in JSON. It only grows.
type foundTraces struct {
	Traces  []foundTrace `json:"traces"`
	Partial string       `json:"partial,omitempty"`
}

type foundTrace struct {
	TraceID       string                  `json:"traceId"`
	Start         string                  `json:"start"`
	StartUnixNano string                  `json:"startUnixNano"`
	DurationMs    int64                   `json:"durationMs"`
	Spans         int                     `json:"spans"`
	Errors        int                     `json:"errors"`
	RootService   string                  `json:"rootService"`
	RootName      string                  `json:"rootName"`
	MatchedSpans  int                     `json:"matchedSpans"`
	Services      map[string]foundService `json:"services"`

	at time.Time
}

type foundService struct {
	Spans  int `json:"spans"`
	Errors int `json:"errors"`
}

func (f *tracesFlags) run(cmd *cobra.Command, query string) error {
	if err := checkChoice("--output", f.format, "table", "json"); err != nil {
		return err
	}
	params, err := f.params(query)
	if err != nil {
		return usageError{err}
	}
	ctx, stop := untilInterrupted(cmd)
	defer stop()
	body, err := f.get(ctx, "tempo/api/search", params, "application/json")
	if err != nil {
		return explainQuery(query, err)
	}
	found, err := parseFound(body)
	if err != nil {
		return fmt.Errorf("the answer cannot be read: %w; is it heddle that --address names?", err)
	}
	if f.format == "json" {
		err = printJSON(cmd.OutOrStdout(), found)
	} else if len(found.Traces) > 0 {
		err = printFound(cmd.OutOrStdout(), found.Traces)
	}
	if err != nil {
		return err
	}
	if found.Partial != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: the answer is not complete: %s\n", shownText(found.Partial, 1000))
	}
	if len(found.Traces) == 0 {
		return nothingFoundError{errors.New("no trace matches" + f.searched())}
	}
	return nil
}

// searched says where nothing was found.
func (f *tracesFlags) searched() string {
	switch {
	case f.from == "" && f.to == "":
		return " in everything that is stored"
	case f.to == "":
		return fmt.Sprintf(" from %s on: search a longer time with --from", f.from)
	case f.from == "":
		return fmt.Sprintf(" before %s", f.to)
	}
	return fmt.Sprintf(" from %s to %s: search a longer time with --from and --to", f.from, f.to)
}

// params are those of the search. Its window is in seconds, of which the last
// counts, too.
func (f *tracesFlags) params(query string) (url.Values, error) {
	if f.limit <= 0 {
		return nil, fmt.Errorf("--limit %d must be positive", f.limit)
	}
	w, err := windowOf(f.from, f.to)
	if err != nil {
		return nil, err
	}
	params := url.Values{"q": {query}, "limit": {strconv.Itoa(f.limit)}, "spss": {"1"}}
	const latest = math.MaxUint32 // seconds, in the year 2106
	if from := w.FromNs / int64(time.Second); f.from != "" && from > 0 {
		params.Set("start", strconv.FormatInt(min(from, latest), 10))
	}
	if f.to != "" {
		last := (w.ToNs - 1) / int64(time.Second)
		if last <= 0 {
			return nil, fmt.Errorf("--to %q: spans from before 1970 cannot be searched", f.to)
		}
		params.Set("end", strconv.FormatInt(min(last, latest), 10))
	}
	return params, nil
}

// syntaxPlace is how the server tells where a query is wrong.
var syntaxPlace = regexp.MustCompile(`line (\d+), column (\d+): `)

// explainQuery shows where a query is wrong. The server reads it, because it
// may be of another version.
func explainQuery(query string, err error) error {
	var answer *answerError
	if !errors.As(err, &answer) || answer.code != http.StatusBadRequest {
		return err
	}
	m := syntaxPlace.FindStringSubmatchIndex(answer.message)
	if m == nil {
		return usageError{errors.New(answer.message)}
	}
	line, _ := strconv.Atoi(answer.message[m[2]:m[3]])
	column, _ := strconv.Atoi(answer.message[m[4]:m[5]])
	caret := (&traceql.SyntaxError{Line: line, Column: column}).Caret(query)
	return usageError{fmt.Errorf("the query is wrong: %s\n  %s", answer.message[m[1]:], strings.ReplaceAll(caret, "\n", "\n  "))}
}

// parseFound reads the answer of a search.
func parseFound(body []byte) (*foundTraces, error) {
	var answer struct {
		Traces []struct {
			TraceID           string                                         `json:"traceID"`
			RootServiceName   string                                         `json:"rootServiceName"`
			RootTraceName     string                                         `json:"rootTraceName"`
			StartTimeUnixNano string                                         `json:"startTimeUnixNano"`
			DurationMs        int64                                          `json:"durationMs"`
			SpanSets          []struct{ Matched int }                        `json:"spanSets"`
			ServiceStats      map[string]struct{ SpanCount, ErrorCount int } `json:"serviceStats"`
		} `json:"traces"`
		Status  string `json:"status"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	found := &foundTraces{Traces: make([]foundTrace, 0, len(answer.Traces))}
	if answer.Status == "PARTIAL" {
		found.Partial = "the server does not say why"
		if answer.Message != "" {
			found.Partial = answer.Message
		}
	}
	for _, a := range answer.Traces {
		id, err := storage.ParseTraceID(a.TraceID)
		if err != nil {
			return nil, err
		}
		t := foundTrace{
			TraceID: id.String(), StartUnixNano: "0", DurationMs: a.DurationMs, RootService: a.RootServiceName, RootName: a.RootTraceName,
			Services: make(map[string]foundService, len(a.ServiceStats)), at: time.Unix(0, 0), // zero is left out
		}
		if a.StartTimeUnixNano != "" {
			ns, err := strconv.ParseInt(a.StartTimeUnixNano, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("trace %s: startTimeUnixNano: %w", id, err)
			}
			t.StartUnixNano, t.at = a.StartTimeUnixNano, time.Unix(0, ns)
		}
		t.Start = t.at.UTC().Format(time.RFC3339Nano)
		for name, s := range a.ServiceStats {
			t.Services[name] = foundService{s.SpanCount, s.ErrorCount}
			t.Spans, t.Errors = t.Spans+s.SpanCount, t.Errors+s.ErrorCount
		}
		for _, set := range a.SpanSets {
			t.MatchedSpans += set.Matched
		}
		found.Traces = append(found.Traces, t)
	}
	return found, nil
}

const (
	tableTime = "2006-01-02T15:04:05.000Z"
	maxShown  = 48 // characters of a name in a table
)

func printFound(w io.Writer, traces []foundTrace) error {
	t := newTable(w)
	fmt.Fprint(t, "START\tDURATION\tSPANS\tERRORS\tSERVICE\tOPERATION\tTRACE ID\n")
	for _, f := range traces {
		duration := "<1ms"
		if f.DurationMs > 0 {
			duration = spanDuration(f.DurationMs * int64(time.Millisecond))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.at.UTC().Format(tableTime), duration, countText(uint64(f.Spans)), countText(uint64(f.Errors)),
			shownText(f.RootService, maxShown), shownText(f.RootName, maxShown), f.TraceID)
	}
	return t.Flush()
}
