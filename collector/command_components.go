package collector

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/receiver"
	"go.yaml.in/yaml/v3"
)

// componentInfo is one line of the list.
type componentInfo struct {
	Kind      string            `yaml:"-"`
	Type      string            `yaml:"type"`
	Stability map[string]string `yaml:"stability"` // by signal, or of the extension itself
}

func (c *cli) newComponentsCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "components",
		Short: "List the components of this binary and how stable they are",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := c.newProcess()
			if err != nil {
				return err
			}
			list := listComponents(p.factories)
			switch output {
			case "table":
				return printTable(cmd.OutOrStdout(), list)
			case "yaml":
				return printYAML(cmd.OutOrStdout(), list)
			}
			return usageError{fmt.Errorf("--output %q: choose table or yaml", output)}
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or yaml")
	return cmd
}

var kinds = []string{"receiver", "processor", "exporter", "connector", "extension"}

func listComponents(f otelcol.Factories) []componentInfo {
	var list []componentInfo
	eachFactory(f, func(kind string, factory component.Factory) {
		list = append(list, componentInfo{Kind: kind, Type: factory.Type().String(), Stability: stability(factory)})
	})
	slices.SortFunc(list, func(a, b componentInfo) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), strings.Compare(a.Type, b.Type))
	})
	// A type with a deprecated alias is in the factories under both names.
	return slices.CompactFunc(list, func(a, b componentInfo) bool { return a.Kind == b.Kind && a.Type == b.Type })
}

func stability(factory component.Factory) map[string]string {
	levels := map[string]component.StabilityLevel{}
	switch f := factory.(type) {
	case receiver.Factory:
		levels["traces"], levels["metrics"], levels["logs"] = f.TracesStability(), f.MetricsStability(), f.LogsStability()
	case processor.Factory:
		levels["traces"], levels["metrics"], levels["logs"] = f.TracesStability(), f.MetricsStability(), f.LogsStability()
	case exporter.Factory:
		levels["traces"], levels["metrics"], levels["logs"] = f.TracesStability(), f.MetricsStability(), f.LogsStability()
	case extension.Factory:
		levels["extension"] = f.Stability()
	}
	named := map[string]string{}
	for signal, level := range levels {
		if level != component.StabilityLevelUndefined {
			named[signal] = strings.ToLower(level.String())
		}
	}
	return named
}

func printTable(w io.Writer, list []componentInfo) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tTYPE\tSTABILITY")
	for _, c := range list {
		var parts []string
		for _, signal := range []string{"traces", "metrics", "logs"} {
			if level, ok := c.Stability[signal]; ok {
				parts = append(parts, signal+": "+level)
			}
		}
		if level, ok := c.Stability["extension"]; ok {
			parts = append(parts, level)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.Kind, c.Type, strings.Join(parts, ", "))
	}
	return table.Flush()
}

func printYAML(w io.Writer, list []componentInfo) error {
	byKind := map[string][]componentInfo{}
	for _, c := range list {
		byKind[c.Kind+"s"] = append(byKind[c.Kind+"s"], c)
	}
	out := yaml.NewEncoder(w)
	out.SetIndent(2)
	return out.Encode(byKind)
}
