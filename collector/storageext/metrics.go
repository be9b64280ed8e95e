package storageext

import (
	"github.com/prometheus/client_golang/prometheus"

	"go.opentelemetry.io/collector/component"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// collector shows the stats of every open store. The label store tells the
// main store ("main") from the archive; a second heddle_storage adds its name.
type collector struct{ factory *Factory }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"store"}, labels...), nil)
}

var (
	descSpans    = desc("heddle_store_spans", "Spans held.")
	descLogs     = desc("heddle_store_logs", "Log records held.")
	descBytes    = desc("heddle_store_bytes", "Bytes that the held telemetry takes, in memory and in parts.")
	descMaxBytes = desc("heddle_store_max_bytes", "Bound on heddle_store_bytes; 0 means none.")

	descSpansAccepted = desc("heddle_spans_accepted_total", "Spans stored.")
	descSpansRejected = desc("heddle_spans_rejected_total", "Spans refused because of what they are.", "reason")
	descSpansRepaired = desc("heddle_spans_repaired_total", "Spans stored after invalid UTF-8 was replaced.")
	descSpansEvicted  = desc("heddle_spans_evicted_total", "Spans given up because of their age or for room.")

	descLogsAccepted = desc("heddle_logs_accepted_total", "Log records stored.")
	descLogsRejected = desc("heddle_logs_rejected_total", "Log records refused because of what they are.", "reason")
	descLogsRepaired = desc("heddle_logs_repaired_total", "Log records stored after invalid UTF-8 was replaced.")
	descLogsEvicted  = desc("heddle_logs_evicted_total", "Log records given up because of their age or for room.")
)

// reasons are all there are; see package storage.
var reasons = []storage.Reason{
	storage.ReasonNoTraceID, storage.ReasonNoSpanID, storage.ReasonTimeRange,
	storage.ReasonTooLarge, storage.ReasonTooManyKey,
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descSpans, descLogs, descBytes, descMaxBytes,
		descSpansAccepted, descSpansRejected, descSpansRepaired, descSpansEvicted,
		descLogsAccepted, descLogsRejected, descLogsRepaired, descLogsEvicted,
	} {
		ch <- d
	}
	for _, m := range diskMetrics {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	c.factory.each(func(id component.ID, p *pair) {
		prefix := ""
		if id.Name() != "" {
			prefix = id.Name() + "/"
		}
		collect(ch, prefix+"main", p.main)
		collect(ch, prefix+"archive", p.archive)
	})
}

func collect(ch chan<- prometheus.Metric, name string, store storage.Store) {
	s := store.Stats()
	gauge := func(d *prometheus.Desc, v uint64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), name)
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), append([]string{name}, labels...)...)
	}
	gauge(descSpans, s.Spans)
	gauge(descLogs, s.Logs)
	gauge(descBytes, s.Bytes)
	gauge(descMaxBytes, s.MaxBytes)
	counter(descSpansAccepted, s.AcceptedSpans)
	counter(descSpansRepaired, s.RepairedSpans)
	counter(descSpansEvicted, s.EvictedSpans)
	counter(descLogsAccepted, s.AcceptedLogs)
	counter(descLogsRepaired, s.RepairedLogs)
	counter(descLogsEvicted, s.EvictedLogs)
	// Every reason from the start: a counter that appears with its first
	// event hides that event from rate().
	for _, reason := range reasons {
		counter(descSpansRejected, s.RejectedSpans[reason], string(reason))
		counter(descLogsRejected, s.RejectedLogs[reason], string(reason))
	}
	onDisk, ok := store.(interface {
		DiskStats() (columnar.DiskStats, bool)
	})
	if !ok {
		return
	}
	if disk, ok := onDisk.DiskStats(); ok {
		for _, m := range diskMetrics {
			for _, v := range m.values(&disk) {
				ch <- prometheus.MustNewConstMetric(m.desc, m.kind, v.value, append([]string{name}, v.labels...)...)
			}
		}
	}
}
