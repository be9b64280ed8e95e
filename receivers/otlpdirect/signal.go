package otlpdirect

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp"
)

// signal is what differs between signals, as OTLP names it.
type signal struct {
	id      pipeline.Signal
	service string // of gRPC
	file    string // where the service is declared
	path    func(*otlpreceiver.HTTPConfig) string

	begin func(*receiverhelper.ObsReport, context.Context) context.Context
	end   func(o *receiverhelper.ObsReport, ctx context.Context, format string, records int, err error)

	// side is the part of a store that keeps the signal; it may be a
	// storage.OTLPWriter. nil: no store takes requests of it as they arrive.
	side func(storage.Store) any
	// count counts the records of a protobuf message. Of what is not one it
	// counts what it can read.
	count func([]byte) int
	// asProto makes the protobuf message of the JSON one.
	asProto func([]byte) ([]byte, error)
	// answer is the response that says that a store rejected so many records.
	answer func(rejected int64, message string) exportResponse
	// stored is the response when none were.
	stored encodedResponse
}

// exportResponse is what the export responses of pdata have in common.
type exportResponse interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// encodedResponse is an answer in both of its forms.
type encodedResponse struct{ proto, json []byte }

var traces = signal{
	id:      pipeline.SignalTraces,
	service: "opentelemetry.proto.collector.trace.v1.TraceService",
	file:    "opentelemetry/proto/collector/trace/v1/trace_service.proto",
	path:    func(c *otlpreceiver.HTTPConfig) string { return string(c.TracesURLPath) },
	begin:   (*receiverhelper.ObsReport).StartTracesOp,
	end:     (*receiverhelper.ObsReport).EndTracesOp,
	side:    func(s storage.Store) any { return s.Spans() },
	count:   otlp.CountSpans,
	asProto: func(body []byte) ([]byte, error) {
		r := ptraceotlp.NewExportRequest()
		if err := r.UnmarshalJSON(body); err != nil {
			return nil, err
		}
		return r.MarshalProto()
	},
	answer: func(rejected int64, message string) exportResponse {
		r := ptraceotlp.NewExportResponse()
		r.PartialSuccess().SetRejectedSpans(rejected)
		r.PartialSuccess().SetErrorMessage(message)
		return r
	},
	stored: encodeOnce(ptraceotlp.NewExportResponse()),
}

var logs = signal{
	id:      pipeline.SignalLogs,
	service: "opentelemetry.proto.collector.logs.v1.LogsService",
	file:    "opentelemetry/proto/collector/logs/v1/logs_service.proto",
	path:    func(c *otlpreceiver.HTTPConfig) string { return string(c.LogsURLPath) },
	begin:   (*receiverhelper.ObsReport).StartLogsOp,
	end:     (*receiverhelper.ObsReport).EndLogsOp,
	side:    func(s storage.Store) any { return s.Logs() },
	count:   otlp.CountLogs,
	asProto: func(body []byte) ([]byte, error) {
		r := plogotlp.NewExportRequest()
		if err := r.UnmarshalJSON(body); err != nil {
			return nil, err
		}
		return r.MarshalProto()
	},
	answer: func(rejected int64, message string) exportResponse {
		r := plogotlp.NewExportResponse()
		r.PartialSuccess().SetRejectedLogRecords(rejected)
		r.PartialSuccess().SetErrorMessage(message)
		return r
	},
	stored: encodeOnce(plogotlp.NewExportResponse()),
}

var metrics = signal{
	id:      pipeline.SignalMetrics,
	service: "opentelemetry.proto.collector.metrics.v1.MetricsService",
	file:    "opentelemetry/proto/collector/metrics/v1/metrics_service.proto",
	path:    func(c *otlpreceiver.HTTPConfig) string { return string(c.MetricsURLPath) },
	begin:   (*receiverhelper.ObsReport).StartMetricsOp,
	end:     (*receiverhelper.ObsReport).EndMetricsOp,
	stored:  encodeOnce(pmetricotlp.NewExportResponse()),
}

// encodeOnce is for the answer to nearly every request. pdata encodes an empty
// response without fail.
func encodeOnce(r exportResponse) encodedResponse {
	proto, _ := r.MarshalProto()
	json, _ := r.MarshalJSON()
	return encodedResponse{proto: proto, json: json}
}

// observer counts what a transport receives of a signal, as upstream does.
type observer struct {
	signal *signal
	report *receiverhelper.ObsReport
}

func (o observer) begin(ctx context.Context) context.Context { return o.signal.begin(o.report, ctx) }

func (o observer) end(ctx context.Context, records int, err error) {
	o.signal.end(o.report, ctx, "protobuf", records, err)
}
