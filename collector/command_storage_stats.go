package collector

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/heddle-io/heddle/storage/columnar"
)

func (s *storageCommand) newStatsCommand() *cobra.Command {
	var o columnar.StatsOptions
	var by, format string
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Tell how much is stored, from when, and what takes the space",
		Long: `Tell how many parts, rows and bytes there are by the day on which they came, what
is only in the log, and how large everything else is. With --names the services and
attribute keys that were received are listed, as the catalog has counted them since
the oldest hour that is stored, with their operations in JSON. With --columns the files of
all parts are opened, too, to tell which columns are the largest, which attributes
have more different values than is good, and what did not get a column of its own.`,
		Example: `  heddle storage stats
  heddle storage stats --by hour --columns=50
  heddle storage stats --names
  heddle storage stats --store archive -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			if by != "day" && by != "hour" {
				return usageError{fmt.Errorf("--by %q: choose day or hour", by)}
			}
			if o.Columns < 0 {
				return usageError{fmt.Errorf("--columns=%d must not be negative", o.Columns)}
			}
			o.ByHour = by == "hour"
			return s.inspect(cmd, func(ctx context.Context, x *columnar.Inspection) error {
				p := newProgress(cmd.ErrOrStderr(), "reading")
				o.Progress = p.show
				st, err := x.Stats(ctx, o)
				p.clear()
				if err != nil {
					return err
				}
				if format == "json" {
					return printJSON(cmd.OutOrStdout(), st)
				}
				return printStats(cmd.OutOrStdout(), st, o)
			})
		},
	}
	addFormatFlag(cmd, &format)
	cmd.Flags().StringVar(&by, "by", "day", "day or hour of arrival, UTC")
	cmd.Flags().BoolVar(&o.Names, "names", false, "list services and attribute keys, too")
	cmd.Flags().IntVar(&o.Columns, "columns", 0, "tell the `N` largest columns of spans and of logs, too; without =N, 20")
	cmd.Flags().Lookup("columns").NoOptDefVal = "20"
	return cmd
}

func printStats(w io.Writer, st *columnar.StoreStats, o columnar.StatsOptions) error {
	fmt.Fprintf(w, "%s\n\n", st.Dir)
	printPeriods(w, st, o.ByHour)
	printLevels(w, st)
	t := newTable(w)
	fmt.Fprintf(t, "log\t%s in %s; in parts up to position %s of spans, %s of logs%s\n", sizeText(uint64(st.Log.Bytes)), things(uint64(st.Log.Files), "segment"),
		countText(st.Log.SpansInParts), countText(st.Log.LogsInParts), logText(&st.Log))
	known := fmt.Sprintf("%s to be carried out; %s with %s, %s", things(uint64(st.Catalog.Deletions), "deletion"),
		things(uint64(st.Catalog.Services), "service"), things(uint64(st.Catalog.Operations), "operation"), things(uint64(st.Catalog.Keys), "attribute key"))
	if st.Catalog.Problem != "" {
		known = "it cannot be read: " + st.Catalog.Problem
	}
	fmt.Fprintf(t, "catalog\t%s in %s; %s\n", sizeText(uint64(st.Catalog.Bytes)), things(uint64(st.Catalog.Files), "file"), known)
	fmt.Fprintf(t, "quarantine\t%s in %s\n", sizeText(uint64(st.Quarantine.Bytes)), things(uint64(st.Quarantine.Files), "file"))
	if err := t.Flush(); err != nil {
		return err
	}
	printNames(w, st)
	if o.Columns > 0 {
		printColumns(w, "\nlargest columns\n", st.Columns)
		printColumns(w, "\nattributes with too many different texts for a dictionary\n", st.ManyValues)
		for _, f := range st.Overflow {
			fmt.Fprintf(w, "\n%s of %s have attributes without a column of their own, up to %s in a part, %s: are ids part of the keys?\n",
				things(f.Rows, "row"), f.Signal, things(uint64(f.Keys), "key"), sizeText(f.Bytes))
		}
	}
	if len(st.Notes) > 0 {
		fmt.Fprintln(w)
	}
	printNotes(w, st.Notes)
	return nil
}

func logText(l *columnar.LogStats) string {
	switch {
	case !l.Read && l.Files == 0:
		return ""
	case !l.Read:
		return "; heddle is writing it"
	case l.Damaged:
		return fmt.Sprintf("; DAMAGED, verify tells more; %s only there", things(l.OnlyInLog, "request"))
	case l.First == 0:
		return "; empty"
	}
	return fmt.Sprintf("; positions %s to %s, %s only there", countText(l.First), countText(l.Last), things(l.OnlyInLog, "request"))
}

// newTable aligns columns. Writing to it cannot fail before Flush.
func newTable(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

func printPeriods(w io.Writer, st *columnar.StoreStats, byHour bool) {
	layout, head := time.DateOnly, "DAY"
	if byHour {
		layout, head = "2006-01-02 15h", "HOUR"
	}
	t := newTable(w)
	fmt.Fprintf(t, "TENANT\tSIGNAL\t%s\tPARTS\tROWS\tBYTES\tB/ROW\tOLDEST\tNEWEST\n", head)
	var sum columnar.PartStats
	for _, p := range st.Periods {
		printParts(t, p.Tenant+"\t"+p.Signal+"\t"+p.Start.UTC().Format(layout), p.PartStats)
		sum.Add(p.PartStats)
	}
	printParts(t, "all\t\t", sum)
	_ = t.Flush() // a broken output shows at the end
}

func printParts(w io.Writer, of string, p columnar.PartStats) {
	fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%.1f\t%s\t%s\n", of, p.Parts, countText(p.Rows), sizeText(p.Bytes), p.BytesPerRow(), timeText(p, p.OldestNs), timeText(p, p.NewestNs))
}

func timeText(p columnar.PartStats, ns int64) string {
	if p.Parts == 0 {
		return "-"
	}
	return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000Z")
}

func printLevels(w io.Writer, st *columnar.StoreStats) {
	if len(st.Levels) == 0 {
		fmt.Fprintln(w)
		return
	}
	t := newTable(w)
	fmt.Fprint(t, "\nSIGNAL\tMERGED\tPARTS\tROWS\tBYTES\n")
	for _, l := range st.Levels {
		fmt.Fprintf(t, "%s\t%d times\t%d\t%s\t%s\n", l.Signal, l.Level, l.Parts, countText(l.Rows), sizeText(l.Bytes))
	}
	fmt.Fprintln(t)
	_ = t.Flush()
}

func printNames(w io.Writer, st *columnar.StoreStats) {
	const hour = "2006-01-02 15h"
	t := newTable(w)
	if len(st.Services) > 0 {
		fmt.Fprint(t, "\nSERVICE\tOPERATIONS\tSPANS\tLAST HOUR\n")
	}
	for _, s := range st.Services {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Name, countText(uint64(len(s.Operations))), countText(s.Spans), s.LastHour.Format(hour))
	}
	_ = t.Flush() // here and below: a broken output shows at the end
	if len(st.Keys) > 0 {
		fmt.Fprint(t, "\nSCOPE\tATTRIBUTE\tTYPES\tVALUES\tLAST HOUR\n")
	}
	for _, k := range st.Keys {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", k.Scope, k.Name, strings.Join(k.Types, " "), countText(k.Values), k.LastHour.Format(hour))
	}
	_ = t.Flush()
}

func printColumns(w io.Writer, title string, list []columnar.ColumnStats) {
	if len(list) == 0 {
		return
	}
	fmt.Fprint(w, title)
	t := newTable(w)
	fmt.Fprint(t, "SIGNAL\tCOLUMN\tBYTES\tB/ROW\tVALUES\tUNCOMPRESSED\n")
	for _, c := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f\t%s\t%s\n", c.Signal, c.Column, sizeText(c.Bytes), c.BytesPerRow(), countText(c.Values), sizeText(c.UncompressedBytes))
	}
	_ = t.Flush()
}
