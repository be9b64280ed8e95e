package collector

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/spf13/cobra"
)

func newQueryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "query",
		Short: "Ask a running heddle: search traces, show one",
		Long: `Ask a heddle that is running, over HTTP, also one on another machine.

Exit codes: 0 found, 1 there was no answer, 2 what was asked is wrong, 3 nothing was
found. An answer that is not complete is printed, and the standard error says so.`,
		Example: `  heddle query traces '{ status = error }' --from -1h
  heddle query trace 5b8efff798038103d269b633813fc60c`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			return usageError{errors.New("query needs to know what to ask for: give traces or trace")}
		},
	}
	cmd.AddCommand(newQueryTracesCommand(), newQueryTraceCommand())
	return cmd
}

// nothingFoundError makes the exit code 3.
type nothingFoundError struct{ error }

func (e nothingFoundError) Unwrap() error { return e.error }

const (
	addressVariable = "HEDDLE_ADDRESS"
	defaultAddress  = "http://localhost:3300"
)

func (c *queryClient) addFlags(cmd *cobra.Command) {
	address := os.Getenv(addressVariable)
	if address == "" {
		address = defaultAddress
	}
	flags := cmd.Flags()
	flags.StringVar(&c.address, "address", address, "`URL` of heddle's query server, with its base path if it has one; also "+addressVariable)
	flags.Lookup("address").DefValue = defaultAddress // help must not print what the environment has: there may be a password in it
	flags.StringVar(&c.caFile, "ca-file", "", "PEM `FILE` with the authorities to trust for https, instead of those of the system")
	flags.StringVar(&c.tokenFile, "token-file", "", "`FILE` with a bearer token to send")
	flags.StringArrayVar(&c.headers, "header", nil, "`HEADER` to send, as in 'X-Scope: shop'; may be given several times. Others can see command lines: keep secrets in --token-file")
	flags.DurationVar(&c.timeout, "timeout", time.Minute, "how long to wait for the answer")
}

// untilInterrupted is the context of a command that an interrupt ends.
func untilInterrupted(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
}

func checkChoice(flag, got string, choices ...string) error {
	for _, c := range choices {
		if got == c {
			return nil
		}
	}
	return usageError{fmt.Errorf("%s %q: choose %s", flag, got, strings.Join(choices, " or "))}
}

// shownText is text from telemetry for a terminal: names come from anybody, and
// must not steer it, nor break the table. Long ones are cut.
func shownText(text string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > most {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) {
			r = '\uFFFD'
		}
		b.WriteRune(r)
	}
	if n == 0 {
		return "-"
	}
	return b.String()
}

// spanDuration is a duration in three or four digits.
func spanDuration(ns int64) string {
	d := time.Duration(ns)
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	switch {
	case d < 0: // the smallest has no positive counterpart
		return sign + time.Duration(1<<63-1).Round(time.Second).String()
	case d >= time.Minute:
		d = d.Round(time.Second)
	case d >= time.Second:
		d = d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		d = d.Round(10 * time.Microsecond)
	case d >= time.Microsecond:
		d = d.Round(10 * time.Nanosecond)
	}
	return sign + d.String()
}
