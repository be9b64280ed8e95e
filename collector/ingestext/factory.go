package ingestext

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
)

// Type is the component type.
var Type = component.MustNewType("heddle_ingest")

// NewFactory returns the factory of the extension, which counts in metrics.
func NewFactory(metrics prometheus.Registerer) (extension.Factory, error) {
	refused, err := newRefusals(metrics)
	if err != nil {
		return nil, err
	}
	create := func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
		return &ingest{config: cfg.(*Config), refused: refused, logger: set.Logger}, nil
	}
	return extension.NewFactory(Type, func() component.Config { return createDefaultConfig() }, create, component.StabilityLevelAlpha), nil
}

type ingest struct {
	component.StartFunc
	component.ShutdownFunc

	config  *Config
	refused *refusals
	logger  *zap.Logger
}

var (
	_ extension.Extension            = (*ingest)(nil)
	_ extensionmiddleware.HTTPServer = (*ingest)(nil)
	_ extensionmiddleware.GRPCServer = (*ingest)(nil)
)
