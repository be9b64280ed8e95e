package collector

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/heddle-io/heddle/collector/demo"
	"github.com/heddle-io/heddle/collector/telemetry"
)

// ComponentsFunc returns the components of a binary; see [Components].
type ComponentsFunc func(*Process) (otelcol.Factories, error)

// NewCommand returns the command line of heddle with the given components.
// Errors are returned and not printed.
func NewCommand(components ComponentsFunc) *cobra.Command {
	c := &cli{components: components}
	root := &cobra.Command{
		Use:   "heddle",
		Short: "Observability pipeline collector and tracing backend for service meshes",
		Long: `heddle receives traces and logs (OTLP, Zipkin, Jaeger), stores them, and shows
them in a web UI and through query APIs. It is one binary and needs nothing else.

Without a command it runs with the embedded default configuration, listens on
localhost only, and prints where to look.`,
		Example: `  heddle                                  run here, open http://localhost:3300
  heddle demo                             send the telemetry of a simulated shop to it
  heddle run --config heddle.yaml         run with a configuration of your own
  heddle query traces --from -1h          list the newest traces it has
  heddle agent --endpoint heddle:4317     receive here, forward there
  heddle print-config > heddle.yaml       start a configuration of your own`,
		Args:          noArguments,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return c.run(cmd, defaultConfig) },
	}
	c.addRunFlags(root)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		c.newRunCommand(), c.newAgentCommand(),
		newDemoCommand(),
		c.newValidateCommand(), c.newPrintConfigCommand(), c.newComponentsCommand(), c.newVersionCommand(),
		newQueryCommand(),
		c.newStorageCommand(),
	)
	return root
}

// cli is what the commands share.
type cli struct {
	components ComponentsFunc
	source     source
	dataDir    string
	logs       telemetry.LogOptions
	logFormat  string
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return usageError{fmt.Errorf("there is no command %q", args[0])}
	}
	return usageError{fmt.Errorf("%s takes no arguments, only flags: %q is too many", cmd.CommandPath(), args[0])}
}

func (c *cli) addSourceFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&c.source.locations, "config", "c", nil, "configuration `FILE`; given several times, later files override earlier ones")
	cmd.Flags().StringArrayVar(&c.source.sets, "set", nil, "set one configuration `KEY=VALUE`, with dots in the key; may be given several times")
}

func (c *cli) addRunFlags(cmd *cobra.Command) {
	c.addSourceFlags(cmd)
	c.addDataDirFlag(cmd)
	cmd.Flags().StringVar(&c.logs.Level, "log-level", "", "debug, info, warn or error (default: what the configuration says, or info)")
	cmd.Flags().StringVar(&c.logFormat, "log-format", "", "auto, console or json (default: auto, which is console on a terminal and json otherwise)")
}

const dataDirVariable = "HEDDLE_DATA_DIR"

func (c *cli) addDataDirFlag(cmd *cobra.Command) {
	directory := os.Getenv(dataDirVariable)
	if directory == "" {
		directory = "./heddle-data"
	}
	cmd.Flags().StringVar(&c.dataDir, "data-dir", directory, "`DIRECTORY` for what heddle keeps on disk; also "+dataDirVariable)
}

// resolve fills in what the flags leave open. Configurations refer to the data
// directory by its environment variable.
func (c *cli) resolve(fallback string) error {
	if len(c.source.locations) == 0 {
		c.source.locations = []string{fallback}
	}
	if c.logFormat != "" {
		if err := c.logs.Encoding.UnmarshalText([]byte(c.logFormat)); err != nil {
			return usageError{fmt.Errorf("--log-format: %w", err)}
		}
	}
	if c.dataDir != "" {
		return os.Setenv(dataDirVariable, c.dataDir)
	}
	return nil
}

// newProcess builds the process that the commands run, print or check.
func (c *cli) newProcess() (*process, error) {
	p := &process{
		info:    component.BuildInfo{Command: "heddle", Description: "heddle", Version: buildInfo().Version},
		reloads: make(chan struct{}, 1),
		failed:  make(chan error, 16), // components must not wait for one another while they stop
		started: func(*otelcol.Config) {},
	}
	var err error
	p.factories, err = c.components(&Process{Metrics: telemetry.NewMetrics(), Reload: p.reload, Logs: c.logs, DataDir: c.dataDir})
	p.load = func(ctx context.Context) (*otelcol.Config, error) { return c.source.load(ctx, p.factories) }
	return p, err
}

// newDemoCommand is demo.Command with the usage errors of the other commands.
func newDemoCommand() *cobra.Command {
	cmd := demo.Command()
	cmd.Args = noArguments
	return cmd
}
