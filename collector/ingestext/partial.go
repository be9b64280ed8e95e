package ingestext

import (
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/heddle-io/heddle/exporters/heddlestore"
)

// partialSuccess is an OTLP export response that says what was refused.
type partialSuccess struct {
	message interface {
		MarshalProto() ([]byte, error)
		MarshalJSON() ([]byte, error)
	}
}

func newPartialSuccess(signal heddlestore.Signal, rejected int64, why string) partialSuccess {
	switch signal {
	case heddlestore.SignalLogs:
		r := plogotlp.NewExportResponse()
		r.PartialSuccess().SetRejectedLogRecords(rejected)
		r.PartialSuccess().SetErrorMessage(why)
		return partialSuccess{r}
	case heddlestore.SignalMetrics:
		r := pmetricotlp.NewExportResponse()
		r.PartialSuccess().SetRejectedDataPoints(rejected)
		r.PartialSuccess().SetErrorMessage(why)
		return partialSuccess{r}
	}
	r := ptraceotlp.NewExportResponse()
	r.PartialSuccess().SetRejectedSpans(rejected)
	r.PartialSuccess().SetErrorMessage(why)
	return partialSuccess{r}
}

func (p partialSuccess) proto() (encoded, error) { return p.message.MarshalProto() }
func (p partialSuccess) json() ([]byte, error)   { return p.message.MarshalJSON() }
