package collector

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"go.opentelemetry.io/collector/otelcol"
)

func (c *cli) newRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run with a configuration of your own",
		Long: `Run with a configuration of your own: OpenTelemetry Collector YAML with the
components that "heddle components" lists. Without --config it is the embedded
default, which "heddle print-config" shows.

SIGTERM and SIGINT stop heddle after it has finished what it accepted; a second
one stops it at once. SIGHUP, or POST /-/reload, reads the configuration again;
when the new one is not valid the old one stays in effect.`,
		Example: `  heddle run --config heddle.yaml
  heddle run --set extensions.heddle_query.endpoint=0.0.0.0:3300
  heddle run --config base.yaml --config site.yaml`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd, defaultConfig) },
	}
	c.addRunFlags(cmd)
	return cmd
}

func (c *cli) newAgentCommand() *cobra.Command {
	var endpoint string
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Receive here and forward to a heddle or any OTLP endpoint",
		Long: `Receive OTLP, Zipkin and Jaeger here and forward everything over OTLP. The agent
stores nothing for queries. What it acknowledged waits in a queue on disk, below
the data directory, until the other side has taken it, also through restarts.

The endpoint is HOST:PORT of an OTLP gRPC receiver; with https:// before it the
connection is encrypted.`,
		Example: `  heddle agent --endpoint heddle.observability:4317
  heddle agent --endpoint https://heddle.example.com:4317 --data-dir /var/lib/heddle-agent`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if endpoint == "" {
				return usageError{errors.New("agent needs to know where to forward to: give --endpoint HOST:PORT or set HEDDLE_ENDPOINT")}
			}
			secure := strings.HasPrefix(endpoint, "https://")
			if err := errors.Join(os.Setenv("HEDDLE_ENDPOINT", endpoint), os.Setenv("HEDDLE_INSECURE", fmt.Sprint(!secure))); err != nil {
				return err
			}
			return c.run(cmd, agentConfig)
		},
	}
	c.addRunFlags(cmd)
	cmd.Flags().StringVar(&endpoint, "endpoint", os.Getenv("HEDDLE_ENDPOINT"), "`HOST:PORT` to forward to; also HEDDLE_ENDPOINT")
	return cmd
}

func (c *cli) run(cmd *cobra.Command, fallback string) error {
	// A configuration of one's own need not keep anything on disk.
	keeps := len(c.source.locations) == 0 || cmd.Flags().Changed("data-dir") || os.Getenv(dataDirVariable) != ""
	if err := c.resolve(fallback); err != nil {
		return err
	}
	if keeps {
		if err := prepareDataDir(c.dataDir); err != nil {
			return err
		}
	}
	p, err := c.newProcess()
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	p.started = func(cfg *otelcol.Config) {
		notes := []string{"configuration: " + c.source.describe()}
		notes = append(notes, storageNotes(cfg)...)
		if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			notes = append(notes, "Ctrl+C stops it")
		}
		printBanner(out, cfg, buildInfo().Version, notes)
	}
	return p.run(cmd.Context())
}

// prepareDataDir makes the directory and finds out now, rather than with the
// first telemetry, that it cannot be written to.
func prepareDataDir(directory string) error {
	err := os.MkdirAll(directory, 0o750)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(directory, ".probe-*"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err == nil {
		return nil
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	absolute, absErr := filepath.Abs(directory)
	if absErr != nil {
		absolute = directory
	}
	return fmt.Errorf("cannot write to the data directory %s: %w: make it writable for this user, or choose another with --data-dir or %s", absolute, err, dataDirVariable)
}
