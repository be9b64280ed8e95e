package collector

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
	"github.com/heddle-io/heddle/storage/vfs"
)

// exportFlags are the flags of export as they are given.
type exportFlags struct {
	signal, format, from, to, service, trace, output string
	force, includeDeleted                            bool
}

func (s *storageCommand) newExportCommand() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write spans or logs to a Parquet file, or as lines of OTLP JSON",
		Long: `Write spans or logs to a file of their own, or to the standard output.

parquet is one file with the columns of heddle's own parts, for DuckDB, ClickHouse,
pandas, Spark and the like. otlp-json is one OTLP request a line, as the file
exporter of the OpenTelemetry Collector writes it and its otlpjsonfile receiver reads
it.

Times are when a span started, or of the log record: as in 2026-08-01T12:00:00Z or
2026-08-01, or relative to now as in -90m, -1h or -7d.

What was asked to be deleted is not exported, carried out or not. The orders to
delete are in the catalog, also that of a heddle that is running; if it cannot be
read the export is refused, unless --include-deleted says that it may have them.

The file appears under its name when it is complete, not before. What takes long
tells on the standard error how far it is.`,
		Example: `  heddle storage export --output spans.parquet
  heddle storage export --trace 5b8efff798038103d269b633813fc60c
  heddle storage export --from -1h --service checkout --format otlp-json | gzip > checkout.jsonl.gz
  heddle storage export --signal logs --from 2026-08-01 --to 2026-08-02 --output logs.parquet`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := f.options()
			if err != nil {
				return usageError{err}
			}
			if err := f.checkOutput(cmd.OutOrStdout()); err != nil {
				return err
			}
			return s.inspect(cmd, func(ctx context.Context, x *columnar.Inspection) error { return f.export(ctx, cmd, x, o) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.signal, "signal", "spans", "spans or logs")
	flags.StringVar(&f.format, "format", "", "parquet or otlp-json (default: parquet for a FILE that ends in .parquet, otherwise otlp-json)")
	flags.StringVar(&f.from, "from", "", "first `TIME` (default: the beginning)")
	flags.StringVar(&f.to, "to", "", "`TIME` before which to end (default: the end)")
	flags.StringVar(&f.service, "service", "", "only what has this service.name")
	flags.StringVar(&f.trace, "trace", "", "only the trace with this `ID`, up to 32 hexadecimal digits, and log records that name it")
	flags.StringVarP(&f.output, "output", "o", "-", "`FILE` to write, - is the standard output")
	flags.BoolVar(&f.force, "force", false, "replace a file that is there")
	flags.BoolVar(&f.includeDeleted, "include-deleted", false, "also what was asked to be deleted and is still on disk")
	return cmd
}

// options says what is wrong with the flags.
func (f *exportFlags) options() (o columnar.ExportOptions, err error) {
	o.Service, o.IncludeDeleted = f.service, f.includeDeleted
	switch f.signal {
	case "spans":
		o.Signal = storage.SignalSpans
	case "logs":
		o.Signal = storage.SignalLogs
	default:
		return o, fmt.Errorf("--signal %q: choose spans or logs", f.signal)
	}
	switch {
	case f.format == "" && strings.HasSuffix(f.output, ".parquet"):
		f.format = "parquet"
	case f.format == "":
		f.format = "otlp-json"
	case f.format != "parquet" && f.format != "otlp-json":
		return o, fmt.Errorf("--format %q: choose parquet or otlp-json", f.format)
	}
	if o.Window, err = windowOf(f.from, f.to); err != nil {
		return o, err
	}
	if f.trace != "" {
		if o.TraceID, err = storage.ParseTraceID(f.trace); err != nil || o.TraceID.IsEmpty() {
			return o, fmt.Errorf("--trace %q is no trace id: write its 32 hexadecimal digits; zeros at the beginning may be left out", f.trace)
		}
	}
	return o, nil
}

func (f *exportFlags) toFile() bool { return f.output != "-" && f.output != "" }

// checkOutput finds out before a long export what would be wrong with its end.
func (f *exportFlags) checkOutput(stdout io.Writer) error {
	if !f.toFile() {
		if out, ok := stdout.(*os.File); ok && f.format == "parquet" && term.IsTerminal(int(out.Fd())) {
			return usageError{errors.New("a Parquet file is nothing for a terminal: name a file with --output")}
		}
		return nil
	}
	info, err := os.Stat(f.output)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("export: %w", err)
	case info.IsDir():
		return fmt.Errorf("export: %s is a directory: name a file with --output", f.output)
	case !f.force:
		return fmt.Errorf("export: there is a file %s already: name another with --output, or replace it with --force", f.output)
	}
	return nil
}

func (f *exportFlags) export(ctx context.Context, cmd *cobra.Command, x *columnar.Inspection, o columnar.ExportOptions) error {
	p := newProgress(cmd.ErrOrStderr(), "exporting")
	defer p.clear()
	o.Progress = p.show
	write := x.ExportOTLPJSON
	if f.format == "parquet" {
		write = x.ExportParquet
	}
	var r columnar.ExportResult
	export := func(w io.Writer) (err error) {
		buffered := bufio.NewWriterSize(w, 256<<10)
		if r, err = write(ctx, buffered, o); err != nil {
			return err
		}
		return buffered.Flush()
	}
	var err error
	if f.toFile() {
		err = f.publish(export)
	} else {
		err = export(cmd.OutOrStdout())
	}
	p.clear()
	if errors.Is(err, columnar.ErrDeletionsUnknown) {
		return fmt.Errorf("%w: stop heddle, or try again, or export what is deleted, too, with --include-deleted", err)
	}
	if err != nil {
		return err
	}
	f.summary(cmd.ErrOrStderr(), r, o)
	printNotes(cmd.ErrOrStderr(), x.Notes())
	return nil
}

// publish writes a file under another name in the same directory, and gives it
// its own when it is complete and on the disk. A file that is there then was
// not when the export began, unless it may be replaced.
func (f *exportFlags) publish(write func(io.Writer) error) (err error) {
	dir, name := filepath.Split(f.output)
	if dir == "" {
		dir = "."
	}
	temp, err := os.CreateTemp(dir, "."+name+".*"+vfs.TempSuffix)
	if err != nil {
		return fmt.Errorf("export: %w: make the directory, or name another file with --output", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	if err = write(temp); err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if !f.force {
		if _, err := os.Lstat(f.output); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("export: a file %s was made meanwhile: name another with --output, or replace it with --force", f.output)
		}
	}
	if err = os.Rename(temp.Name(), f.output); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return vfs.OS.SyncDir(dir)
}

func (f *exportFlags) summary(w io.Writer, r columnar.ExportResult, o columnar.ExportOptions) {
	what := "span"
	if o.Signal == storage.SignalLogs {
		what = "log record"
	}
	fmt.Fprintf(w, "exported %s of %s", things(r.Rows, what), things(uint64(r.Parts), "part"))
	if f.toFile() {
		fmt.Fprintf(w, " to %s", f.output)
	}
	if r.Deleted > 0 {
		fmt.Fprintf(w, "; left out %s that were asked to be deleted", things(r.Deleted, what))
	}
	fmt.Fprintln(w)
}
