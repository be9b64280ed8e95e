package ingestext

import (
	"context"
	"sync"

	"github.com/klauspost/compress/zstd"
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
	held := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "heddle_receiver_in_flight_bytes",
		Help: "Bytes of requests with telemetry that are in memory, compressed and decompressed.",
	})
	if err := metrics.Register(held); err != nil {
		return nil, err
	}
	create := func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
		c := cfg.(*Config)
		decoder := sync.OnceValue(func() *zstd.Decoder { return newWholeZstd(c.MaxRequestBytes) })
		return &ingest{config: c, refused: refused, inFlight: &inFlight{limit: c.MaxInFlightBytes, gauge: held}, logger: set.Logger, zstd: decoder}, nil
	}
	return extension.NewFactory(Type, func() component.Config { return createDefaultConfig() }, create, component.StabilityLevelAlpha), nil
}

type ingest struct {
	component.StartFunc
	component.ShutdownFunc

	config   *Config
	refused  *refusals
	inFlight *inFlight
	logger   *zap.Logger
	zstd     func() *zstd.Decoder // of whole bodies, made when it is first used
}

var (
	_ extension.Extension            = (*ingest)(nil)
	_ extensionmiddleware.HTTPServer = (*ingest)(nil)
	_ extensionmiddleware.GRPCServer = (*ingest)(nil)
)
