package demo

import (
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Command is "heddle demo": flags, then [Run]. An interrupt or SIGTERM ends it
// normally, with a summary.
func Command() *cobra.Command {
	cfg := DefaultConfig()
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Simulate an online shop in a service mesh and send its traces",
		Long: `Simulates an online shop of more than 40 services in a service mesh and sends
its traces as real OTLP, so that there is something to look at and something to
find. Start heddle first, then:

  heddle demo                          until interrupted, 20 traces per second
  heddle demo --for 60s --rate 100     for a minute, about 4,500 spans per second
  heddle demo --fault slow-db          only one thing is wrong
  heddle demo --protocol http          OTLP over HTTP to port 4318

Faults: ` + strings.Join(FaultNames(), ", ") + ".",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: false,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return Run(ctx, cfg, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Endpoint, "endpoint", cfg.Endpoint, "OTLP receiver, host:port (default 127.0.0.1:4317, or :4318 with --protocol http)")
	f.StringVar(&cfg.Protocol, "protocol", cfg.Protocol, "grpc or http")
	f.StringVar(&cfg.Compression, "compression", cfg.Compression, "none or gzip")
	f.BoolVar(&cfg.Insecure, "insecure", cfg.Insecure, "send without TLS; --insecure=false uses TLS and the system's roots")
	f.StringToStringVar(&cfg.Headers, "header", nil, "header to send with every request, key=value (repeatable)")
	f.Float64Var(&cfg.Rate, "rate", cfg.Rate, "mean traces per second; a trace has about 45 spans")
	f.DurationVar(&cfg.Duration, "duration", cfg.Duration, "how long to send live traffic, also --for (0: until interrupted)")
	f.DurationVar(&cfg.History, "history", cfg.History, "past traffic to send first, at a tenth of the rate (0: none)")
	f.IntVar(&cfg.Services, "services", cfg.Services, "size of the shop (0: all)")
	f.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "decides everything that is random")
	f.StringSliceVar(&cfg.Faults, "fault", cfg.Faults, fmt.Sprintf("what is wrong: all, none or some of %s (repeatable)", strings.Join(FaultNames(), ", ")))
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "for" {
			name = "duration"
		}
		return pflag.NormalizedName(name)
	})
	return cmd
}
