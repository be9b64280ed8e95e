package collector

import (
	"fmt"

	"github.com/spf13/cobra"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.yaml.in/yaml/v3"
)

func (c *cli) newValidateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check a configuration without running it",
		Long: `Check a configuration without running it: keys, values, references and how
pipelines fit together. It opens no port and no file other than the configuration.`,
		Example: "  heddle validate --config heddle.yaml",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.resolve(defaultConfig); err != nil {
				return err
			}
			p, err := c.newProcess()
			if err != nil {
				return err
			}
			if err := p.check(cmd.Context()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: valid\n", c.source.describe())
			return err
		},
	}
	c.addSourceFlags(cmd)
	c.addDataDirFlag(cmd)
	return cmd
}

func (c *cli) newPrintConfigCommand() *cobra.Command {
	var agent, resolved, secrets bool
	cmd := &cobra.Command{
		Use:   "print-config",
		Short: "Print the default configuration, or a given one with all defaults",
		Long: `Print the embedded default configuration as it is, with its comments: a start for
one of your own. With --config, --set or --resolved, print what heddle makes of
the configuration: merged, expanded, with every default, secrets hidden.`,
		Example: `  heddle print-config > heddle.yaml
  heddle print-config --agent
  heddle print-config --config heddle.yaml`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fallback := defaultConfig
			if agent {
				fallback = agentConfig
			}
			asItIs := len(c.source.locations) == 0 && len(c.source.sets) == 0 && !resolved && !secrets
			if err := c.resolve(fallback); err != nil {
				return err
			}
			if asItIs {
				text, err := embeddedConfig(fallback)
				if err == nil {
					_, err = cmd.OutOrStdout().Write(text)
				}
				return err
			}
			p, err := c.newProcess()
			if err != nil {
				return err
			}
			cfg, err := p.load(cmd.Context())
			if err != nil {
				return err
			}
			conf, options := confmap.New(), []confmap.MarshalOption(nil)
			if secrets {
				options = append(options, xconfmap.WithUnredacted())
			}
			if err := conf.Marshal(cfg, options...); err != nil {
				return err
			}
			out := yaml.NewEncoder(cmd.OutOrStdout())
			out.SetIndent(2)
			return out.Encode(conf.ToStringMap())
		},
	}
	c.addSourceFlags(cmd)
	c.addDataDirFlag(cmd)
	cmd.Flags().BoolVar(&agent, "agent", false, "the embedded configuration of heddle agent instead of the default")
	cmd.Flags().BoolVar(&resolved, "resolved", false, "what heddle makes of it, with every default")
	cmd.Flags().BoolVar(&secrets, "show-secrets", false, "do not hide passwords and tokens; implies --resolved")
	return cmd
}
