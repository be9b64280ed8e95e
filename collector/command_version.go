package collector

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Set at build time with -ldflags "-X github.com/heddle-io/heddle/collector.version=1.2.3".
var (
	version = ""
	commit  = ""
)

// versionInfo says which heddle this is.
type versionInfo struct {
	Version string // "dev" when nobody said
	Commit  string // "unknown" when nobody said
}

func buildInfo() versionInfo {
	v := versionInfo{Version: version, Commit: commit}
	if info, ok := debug.ReadBuildInfo(); ok {
		if v.Version == "" && info.Main.Version != "" && info.Main.Version != "(devel)" {
			v.Version = info.Main.Version
		}
		dirty := false
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && v.Commit == "" {
				v.Commit = s.Value
			}
			dirty = dirty || s.Key == "vcs.modified" && s.Value == "true"
		}
		if dirty && commit == "" && v.Commit != "" {
			v.Commit += " with changes"
		}
	}
	if v.Version == "" {
		v.Version = "dev"
	}
	if v.Commit == "" {
		v.Commit = "unknown"
	}
	return v
}

func (c *cli) newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := c.newProcess()
			if err != nil {
				return err
			}
			v := buildInfo()
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "heddle %s\n  commit      %s\n  go          %s %s/%s\n  components  %d\n",
				v.Version, v.Commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, len(listComponents(p.factories)))
			return err
		},
	}
}
