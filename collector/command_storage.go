package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/heddle-io/heddle/storage/columnar"
)

// storageCommand is what the commands below "heddle storage" share.
type storageCommand struct {
	*cli
	store string
}

func (c *cli) newStorageCommand() *cobra.Command {
	s := &storageCommand{cli: c}
	cmd := &cobra.Command{
		Use:   "storage",
		Short: "Look at what is stored: statistics, a check of everything, export",
		Long: `Look at a data directory. Nothing of this changes what is stored.

All of it works while heddle is running: then it sees what heddle has written as
parts, and not the last seconds, which are only in heddle's log. When heddle is not
running the log is read too, and heddle does not start on the directory until the
command has ended.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError{errors.New("storage needs to know what to do: give stats, verify or export")}
		},
	}
	for _, sub := range []*cobra.Command{s.newStatsCommand(), s.newVerifyCommand(), s.newExportCommand()} {
		c.addDataDirFlag(sub)
		sub.Flags().StringVar(&s.store, "store", "main", "main, or archive: the store of traces that people chose to keep")
		cmd.AddCommand(sub)
	}
	return cmd
}

// inspect calls f with the store opened for looking at it. An interrupt ends f
// by its context.
func (s *storageCommand) inspect(cmd *cobra.Command, f func(ctx context.Context, x *columnar.Inspection) error) (err error) {
	dir := s.dataDir
	switch s.store {
	case "main":
	case "archive":
		dir = filepath.Join(dir, "archive")
	default:
		return usageError{fmt.Errorf("--store %q: choose main or archive", s.store)}
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	logger := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	x, err := columnar.Inspect(columnar.InspectOptions{Dir: dir, Logger: logger})
	if errors.Is(err, columnar.ErrNoStore) {
		return fmt.Errorf("%w; it is set by --data-dir, --store and %s", err, dataDirVariable)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	if err = f(ctx, x); errors.Is(err, context.Canceled) && cmd.Context().Err() == nil {
		return errors.New("interrupted")
	}
	return err
}

// addFormatFlag adds -o for commands whose output people or programs read.
func addFormatFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "output", "o", "text", "text for people, json for programs")
}

func checkFormat(format string) error {
	if format != "text" && format != "json" {
		return usageError{fmt.Errorf("--output %q: choose text or json", format)}
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// printNotes tells at the end how complete all this is.
func printNotes(w io.Writer, notes []string) {
	for _, n := range notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
}

// sizeText is a number of bytes for people.
func sizeText(bytes uint64) string {
	if bytes < 1024 {
		return fmt.Sprintf("%d B", bytes)
	}
	v, unit := float64(bytes), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB"} {
		if v /= 1024; v < 1023.95 {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}

// countText is a number with separators, as in 1,234,567.
func countText(n uint64) string {
	digits := fmt.Sprint(n)
	groups := []string{}
	for ; len(digits) > 3; digits = digits[:len(digits)-3] {
		groups = append(groups, digits[len(digits)-3:])
	}
	groups = append(groups, digits)
	slices.Reverse(groups)
	return strings.Join(groups, ",")
}

// things is a count of things, as in "1 part" and "2 parts".
func things(n uint64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return countText(n) + " " + one + "s"
}
