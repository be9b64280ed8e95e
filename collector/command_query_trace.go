package collector

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

func newQueryTraceCommand() *cobra.Command {
	var c queryClient
	var format string
	cmd := &cobra.Command{
		Use:   "trace ID",
		Short: "Show one trace as a tree",
		Long: `Show the spans of a trace as a tree: who called whom, how long it took, and a bar
that says when, from the first start to the last end. Times are shown as they were
recorded. What is wrong with a span stands behind it: an error with its message, a
parent that is not stored, an id that another span has.

json is the trace as one line of OTLP JSON, which the Collector's otlpjsonfile receiver
reads. Its spans have the parents that heddle chose.`,
		Example: `  heddle query trace 5b8efff798038103d269b633813fc60c
  heddle query trace 5b8efff798038103d269b633813fc60c -o json > trace.json
  heddle query trace 1f3e --address http://heddle.example:3300    zeros at the beginning may be left out`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("trace needs to know which one: give one trace id")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkChoice("--output", format, "tree", "json"); err != nil {
				return err
			}
			id, err := storage.ParseTraceID(args[0])
			if err != nil || id.IsEmpty() {
				return usageError{fmt.Errorf("%q is no trace id: write its 32 hexadecimal digits; zeros at the beginning may be left out", args[0])}
			}
			return c.showTrace(cmd, id, format)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "tree", "tree for people, json (OTLP) for programs")
	c.addFlags(cmd)
	return cmd
}

func (c *queryClient) showTrace(cmd *cobra.Command, id storage.TraceID, format string) error {
	ctx, stop := untilInterrupted(cmd)
	defer stop()
	// With the wrapper of v2, an answer that the trace is not stored cannot
	// be mistaken for one of a server that has no such path.
	body, err := c.get(ctx, "tempo/api/v2/traces/"+id.String(), nil, "application/protobuf")
	var answer *answerError
	if errors.As(err, &answer) && answer.code == http.StatusNotFound {
		return fmt.Errorf("%w; as if it were no heddle: is --address right, and does it have the base path?", err)
	}
	if err != nil {
		return err
	}
	td, err := parseTrace(body)
	if err != nil {
		return fmt.Errorf("the answer cannot be read: %w; is it heddle that --address names?", err)
	}
	if td.SpanCount() == 0 {
		return nothingFoundError{fmt.Errorf("trace %s is not stored: it never came, or it is past the retention or deleted", id)}
	}
	if format == "json" {
		line, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		if err != nil {
			return err
		}
		_, err = cmd.OutOrStdout().Write(append(line, '\n'))
		return err
	}
	traces := trace.Build(storage.SpansFromPdata(td))
	for _, t := range traces {
		if err := printTree(cmd.OutOrStdout(), t); err != nil {
			return err
		}
	}
	return nil
}

// parseTrace reads a reply of Tempo's API for one trace: the trace is field 1,
// and on the wire what OTLP calls traces data.
func parseTrace(body []byte) (ptrace.Traces, error) {
	const fieldTrace = 1
	for len(body) > 0 {
		number, kind, n := protowire.ConsumeTag(body)
		if n < 0 {
			return ptrace.Traces{}, protowire.ParseError(n)
		}
		if number == fieldTrace && kind == protowire.BytesType {
			inner, m := protowire.ConsumeBytes(body[n:])
			if m < 0 {
				return ptrace.Traces{}, protowire.ParseError(m)
			}
			return (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(inner)
		}
		m := protowire.ConsumeFieldValue(number, kind, body[n:])
		if m < 0 {
			return ptrace.Traces{}, protowire.ParseError(m)
		}
		body = body[n+m:]
	}
	return ptrace.NewTraces(), nil
}

func printTree(w io.Writer, t *trace.Trace) error {
	services := map[string]struct{}{}
	for _, row := range t.Rows {
		services[t.Spans.Service(int(row))] = struct{}{}
	}
	fmt.Fprintf(w, "trace %s\n%s, %s, %s of %s, %s\n\n", t.ID, timeOf(t.StartNs), spanDuration(t.DurationNs()),
		things(uint64(t.Len()), "span"), things(uint64(len(services)), "service"), things(uint64(t.Errors), "error"))
	table := newTable(w)
	fmt.Fprintf(table, "SERVICE AND OPERATION\tDURATION\t%s\tREMARKS\n", barHead())
	for p, depth := range t.Depth() {
		row := int(t.Rows[p])
		name := fmt.Sprintf("%s%s  %s", indent(depth), shownText(t.Spans.Service(row), maxShown), shownText(t.Spans.Name(row), maxShown))
		fmt.Fprintf(table, "%s\t%s\t%s", name, spanDuration(t.Spans.DurationsNs[row]), bar(t, row))
		if r := remarks(t, p); r != "" {
			fmt.Fprint(table, "\t", r)
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	notes := t.Notes()
	if len(notes) > 0 {
		fmt.Fprintln(w)
	}
	printNotes(w, notes)
	return nil
}
