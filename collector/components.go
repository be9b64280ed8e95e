package collector

import (
	"errors"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/basicauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/pprofextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/attributesprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/resourceprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/jaegerreceiver"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/zipkinreceiver"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/batchprocessor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"

	"github.com/heddle-io/heddle/collector/ingestext"
	"github.com/heddle-io/heddle/collector/queryext"
	"github.com/heddle-io/heddle/collector/storageext"
	"github.com/heddle-io/heddle/collector/telemetry"
	"github.com/heddle-io/heddle/exporters/heddlestore"
	"github.com/heddle-io/heddle/receivers/otlpdirect"
)

// Process is what components share for the life of the process, through all
// configurations. Its fields are never nil.
type Process struct {
	Metrics *telemetry.Metrics
	Reload  ReloadFunc
	Logs    telemetry.LogOptions
	DataDir string // for what components keep on disk unless told otherwise
}

// Components returns every component of the binary. It is called once in a
// process. A factory that is an io.Closer is closed when the process stops.
//
// A distribution of one's own is a function like this one that adds to what
// this one returns, given to [NewCommand].
func Components(p *Process) (otelcol.Factories, error) {
	storageFactory, err1 := storageext.NewFactory(stores, p.DataDir, p.Metrics.Process)
	queryFactory, err2 := queryext.NewFactory(queryext.Process{Metrics: p.Metrics, Counter: p.Metrics.Process, Reload: p.Reload})
	ingestFactory, err3 := ingestext.NewFactory(p.Metrics.Process)
	if err := errors.Join(err1, err2, err3); err != nil {
		return otelcol.Factories{}, err
	}

	f := otelcol.Factories{Telemetry: telemetry.NewFactory(p.Metrics, p.Logs)}
	f.Receivers, err1 = otelcol.MakeFactoryMap[receiver.Factory](
		otlpdirect.NewFactory(),
		zipkinreceiver.NewFactory(),
		jaegerreceiver.NewFactory(),
	)
	f.Processors, err2 = otelcol.MakeFactoryMap[processor.Factory](
		memorylimiterprocessor.NewFactory(),
		batchprocessor.NewFactory(),
		attributesprocessor.NewFactory(),
		resourceprocessor.NewFactory(),
		transformprocessor.NewFactory(),
		tailsamplingprocessor.NewFactory(),
	)
	f.Exporters, err3 = otelcol.MakeFactoryMap[exporter.Factory](
		heddlestore.NewFactory(),
		otlpexporter.NewFactory(),
		otlphttpexporter.NewFactory(),
		debugexporter.NewFactory(),
	)
	var err4 error
	f.Extensions, err4 = otelcol.MakeFactoryMap[extension.Factory](
		storageFactory,
		queryFactory,
		ingestFactory,
		healthcheckextension.NewFactory(),
		pprofextension.NewFactory(),
		filestorage.NewFactory(),
		basicauthextension.NewFactory(),
		bearertokenauthextension.NewFactory(),
	)
	return f, errors.Join(err1, err2, err3, err4)
}
