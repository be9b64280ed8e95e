package collector

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/otelcol"
)

//go:embed config
var embedded embed.FS

// The configurations that the binary carries, as locations.
const (
	defaultConfig = "embedded:default"
	agentConfig   = "embedded:agent"
)

// source says where configuration comes from.
type source struct {
	locations []string // files, or locations with a scheme; merged in order
	sets      []string // KEY=VALUE, over all locations
}

// describe names the source for people.
func (s source) describe() string {
	text := strings.Join(s.locations, ", ")
	text = strings.ReplaceAll(text, defaultConfig, "the embedded default")
	text = strings.ReplaceAll(text, agentConfig, "the embedded agent configuration")
	if len(s.sets) > 0 {
		text += " and --set " + strings.Join(s.sets, " --set ")
	}
	return text
}

// load reads, decodes and validates the configuration, and derives from it which
// receivers go straight to a store.
func (s source) load(ctx context.Context, factories otelcol.Factories) (*otelcol.Config, error) {
	uris := append([]string(nil), s.locations...)
	for _, set := range s.sets {
		key, value, ok := strings.Cut(set, "=")
		if !ok || strings.TrimSpace(key) == "" {
			return nil, usageError{fmt.Errorf("--set %q: write it as KEY=VALUE, as in --set receivers.otlp.protocols.grpc.endpoint=0.0.0.0:4317", set)}
		}
		uris = append(uris, "yaml:"+strings.ReplaceAll(strings.TrimSpace(key), ".", "::")+": "+strings.TrimSpace(value))
	}
	provider, err := otelcol.NewConfigProvider(otelcol.ConfigProviderSettings{
		ResolverSettings: confmap.ResolverSettings{
			URIs: uris,
			ProviderFactories: []confmap.ProviderFactory{
				fileprovider.NewFactory(),
				envprovider.NewFactory(),
				yamlprovider.NewFactory(),
				confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return embeddedProvider{} }),
			},
			DefaultScheme: "env",
		},
	})
	if err != nil {
		return nil, explainConfig(err, factories)
	}
	cfg, err := provider.Get(ctx, factories)
	if err != nil {
		return nil, explainConfig(err, factories)
	}
	if err := provider.Shutdown(ctx); err != nil {
		return nil, err
	}
	if err := confmap.Validate(cfg); err != nil {
		return nil, explainConfig(err, factories)
	}
	routeOTLP(cfg)
	return cfg, nil
}

// embeddedProvider reads the configurations that the binary carries.
type embeddedProvider struct{}

func (embeddedProvider) Scheme() string                 { return "embedded" }
func (embeddedProvider) Shutdown(context.Context) error { return nil }

func (embeddedProvider) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	text, err := embeddedConfig(uri)
	if err != nil {
		return nil, err
	}
	return confmap.NewRetrievedFromYAML(text)
}

func embeddedConfig(uri string) ([]byte, error) {
	name := strings.TrimPrefix(uri, "embedded:")
	text, err := embedded.ReadFile("config/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("there is no embedded configuration %q: there are default and agent", name)
	}
	return text, nil
}
