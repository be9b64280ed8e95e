package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// newStorageCommand makes the commands that look at a data directory. None of
// them changes what is stored, and all work beside a heddle that is running.
func (c *cli) newStorageCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "storage", Short: "Look at what is stored: stats, verify, export"}
	for _, sub := range []*cobra.Command{c.newStorageStatsCommand(), c.newStorageVerifyCommand(), c.newStorageExportCommand()} {
		c.addDataDirFlag(sub)
		cmd.AddCommand(sub)
	}
	return cmd
}

// inspect calls f with the data directory opened for looking at it.
func (c *cli) inspect(f func(*columnar.Inspection) error) (err error) {
	x, err := columnar.Inspect(columnar.InspectOptions{Dir: c.dataDir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	return f(x)
}

func (c *cli) newStorageStatsCommand() *cobra.Command {
	var asJSON bool
	var o columnar.StatsOptions
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Tell how much is stored, and what takes the space",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.inspect(func(x *columnar.Inspection) error {
				st, err := x.Stats(cmd.Context(), o)
				if err != nil {
					return err
				}
				if asJSON {
					e := json.NewEncoder(cmd.OutOrStdout())
					e.SetIndent("", "  ")
					return e.Encode(st)
				}
				return printStats(cmd.OutOrStdout(), st)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print everything that is known as JSON")
	cmd.Flags().BoolVar(&o.ByHour, "by-hour", false, "one line for each hour, not for each day")
	cmd.Flags().IntVar(&o.Columns, "columns", 0, "with --json: how many of the largest columns to list per signal")
	return cmd
}

func printStats(w io.Writer, st *columnar.StoreStats) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TENANT\tSIGNAL\tARRIVED (UTC)\tPARTS\tROWS\tBYTES\tBYTES/ROW")
	var sum columnar.PartStats
	for _, p := range st.Periods {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%.1f\n", p.Tenant, p.Signal, p.Start.UTC().Format("2006-01-02 15:04"), p.Parts, p.Rows, p.Bytes, p.BytesPerRow())
		sum.Add(p.PartStats)
	}
	fmt.Fprintf(t, "all\t\t\t%d\t%d\t%d\t%.1f\n", sum.Parts, sum.Rows, sum.Bytes, sum.BytesPerRow())
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nlog         %d files, %d bytes\ncatalog     %d files, %d bytes, %d pending deletions\nquarantine  %d files, %d bytes\n",
		st.Log.Files, st.Log.Bytes, st.Catalog.Files, st.Catalog.Bytes, st.Catalog.Deletions, st.Quarantine.Files, st.Quarantine.Bytes)
	for _, n := range st.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	if st.Catalog.Problem != "" {
		fmt.Fprintln(w, "catalog:", st.Catalog.Problem)
	}
	return err
}

func (c *cli) newStorageVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Read everything that is stored and tell what is damaged",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.inspect(func(x *columnar.Inspection) error {
				for f, err := range x.Verify(cmd.Context(), nil) {
					if err != nil {
						return err
					}
					fmt.Fprintln(cmd.OutOrStdout(), f)
				}
				n := x.Checked()
				fmt.Fprintf(cmd.OutOrStdout(), "read %d parts with %d rows and %d requests in the log, %d bytes: %d damaged, %d notices\n",
					n.Parts, n.Rows, n.LogRecords, n.Bytes, n.Damage, n.Notices)
				if n.Damage > 0 {
					return fmt.Errorf("%s is damaged in %d places: see above", c.dataDir, n.Damage)
				}
				return nil
			})
		},
	}
}

func (c *cli) newStorageExportCommand() *cobra.Command {
	var signal, format, from, to, output string
	o := columnar.ExportOptions{}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write what is stored to a new file, as OTLP JSON lines or Parquet",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			switch signal {
			case "spans":
				o.Signal = storage.SignalSpans
			case "logs":
				o.Signal = storage.SignalLogs
			default:
				return usageError{fmt.Errorf("--signal %q: choose spans or logs", signal)}
			}
			if o.Window, err = exportWindow(from, to); err != nil {
				return usageError{err}
			}
			export := (*columnar.Inspection).ExportOTLPJSON
			if format == "parquet" {
				export = (*columnar.Inspection).ExportParquet
			} else if format != "otlp-json" {
				return usageError{fmt.Errorf("--format %q: choose otlp-json or parquet", format)}
			}
			return c.inspect(func(x *columnar.Inspection) error {
				return exportTo(cmd.Context(), cmd.ErrOrStderr(), output, func(ctx context.Context, w io.Writer) (columnar.ExportResult, error) {
					return export(x, ctx, w, o)
				})
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&signal, "signal", "spans", "spans or logs")
	f.StringVar(&format, "format", "otlp-json", "otlp-json or parquet")
	f.StringVar(&from, "from", "", "start of the time range, such as 2026-01-31T12:00:00Z")
	f.StringVar(&to, "to", "", "end of the time range, exclusive")
	f.StringVar(&output, "output", "", "`FILE` to write, which must not exist")
	f.StringVar(&o.Service, "service", "", "only this service")
	f.BoolVar(&o.IncludeDeleted, "include-deleted", false, "also what was asked to be deleted and is still on disk")
	if err := cmd.MarkFlagRequired("output"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

func exportWindow(from, to string) (storage.Window, error) {
	w := storage.Window{FromNs: math.MinInt64, ToNs: math.MaxInt64}
	for _, b := range []struct {
		flag, text string
		ns         *int64
	}{{"from", from, &w.FromNs}, {"to", to, &w.ToNs}} {
		if b.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, b.text)
		if err != nil {
			return w, fmt.Errorf("--%s: %w: write it like 2026-01-31T12:00:00Z", b.flag, err)
		}
		*b.ns = at.UnixNano()
	}
	return w, nil
}

// exportTo writes a new file. One that is not complete is removed.
func exportTo(ctx context.Context, stderr io.Writer, path string, export func(context.Context, io.Writer) (columnar.ExportResult, error)) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("export: %w: name a new file with --output", err)
	}
	r, err := export(ctx, file)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	_, err = fmt.Fprintf(stderr, "%d rows of %d parts written to %s, %d deleted left out\n", r.Rows, r.Parts, path, r.Deleted)
	return err
}
