package storageext

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heddle-io/heddle/storage/columnar"
)

// diskMetric is a metric of what a store has on disk. It has all of its label
// values from the start.
type diskMetric struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	values func(*columnar.DiskStats) []sample
}

// sample is a value with those of the labels.
type sample struct {
	value  float64
	labels []string
}

type number interface {
	~int | ~int64 | ~uint64 | ~float64
}

func gaugeOf[N number](name, help string, v func(*columnar.DiskStats) N) diskMetric {
	return diskMetric{desc("heddle_store_"+name, help), prometheus.GaugeValue, func(s *columnar.DiskStats) []sample {
		return []sample{{value: float64(v(s))}}
	}}
}

func counterOf[N number](name, help string, v func(*columnar.DiskStats) N) diskMetric {
	m := gaugeOf(name+"_total", help, v)
	m.kind = prometheus.CounterValue
	return m
}

func flagOf(name, help string, v func(*columnar.DiskStats) bool) diskMetric {
	return gaugeOf(name, help, func(s *columnar.DiskStats) int {
		if v(s) {
			return 1
		}
		return 0
	})
}

// labeled is a metric with one more label.
func labeled(kind prometheus.ValueType, name, help, label string, values func(*columnar.DiskStats) []sample) diskMetric {
	return diskMetric{desc("heddle_store_"+name, help, label), kind, values}
}

func bySignal[N number](spans, logs N) []sample {
	return []sample{{float64(spans), []string{"spans"}}, {float64(logs), []string{"logs"}}}
}

type stats = columnar.DiskStats

var diskMetrics = []diskMetric{
	gaugeOf("memory_bytes", "Bytes of telemetry in memory that is not in parts yet.", func(s *stats) int64 { return s.MemoryBytes }),
	gaugeOf("in_flight_bytes", "Bytes of requests that are not acknowledged yet.", func(s *stats) int64 { return s.InFlightBytes }),
	labeled(prometheus.GaugeValue, "parts", "Parts on disk.", "signal", func(s *stats) []sample { return bySignal(s.SpanParts, s.LogParts) }),
	labeled(prometheus.GaugeValue, "parts_bytes", "Bytes of the parts on disk with their indexes.", "signal", func(s *stats) []sample { return bySignal(s.SpanBytes, s.LogBytes) }),
	gaugeOf("disk_free_bytes", "Bytes that are free on the disk of the store.", func(s *stats) int64 { return s.FreeBytes }),
	flagOf("full", "1 while writes are refused because the disk or the store is full.", func(s *stats) bool { return s.Full }),
	labeled(prometheus.CounterValue, "refused_requests_total", "Requests refused as a whole that their senders were told to repeat later.", "reason", func(s *stats) []sample {
		return []sample{{float64(s.RefusedFull), []string{"full"}}, {float64(s.RefusedBusy), []string{"busy"}}, {float64(s.RefusedLog), []string{"log_failed"}}}
	}),
	gaugeOf("pending_deletions", "Deletions that were ordered and are not carried out on disk yet.", func(s *stats) int { return s.PendingDeletions }),

	counterOf("parts_written", "Parts written from memory.", func(s *stats) uint64 { return s.PartsWritten }),
	counterOf("flush_failures", "Times that a part could not be written; it is tried again.", func(s *stats) uint64 { return s.FlushFailures }),
	counterOf("merges", "Merges of parts.", func(s *stats) uint64 { return s.Merges }),
	counterOf("merged_rows", "Rows that merges read.", func(s *stats) uint64 { return s.MergedRows }),
	counterOf("merge_failures", "Merges that failed; they are tried again.", func(s *stats) uint64 { return s.MergeFailures }),
	counterOf("folded_spans", "Spans that merges found to be the same as another.", func(s *stats) uint64 { return s.FoldedSpans }),
	counterOf("damaged_parts", "Parts that cannot be read and were set aside in the folder quarantine.", func(s *stats) uint64 { return s.DamagedParts }),
	counterOf("names_given_up", "Services, operations and attribute keys that the list in the catalog had no room for.", func(s *stats) uint64 { return s.NamesGivenUp }),
	counterOf("expired_parts", "Parts given up because of their age or for room.", func(s *stats) uint64 { return s.ExpiredParts }),
	counterOf("expired_rows", "Rows in parts given up because of their age or for room.", func(s *stats) uint64 { return s.ExpiredRows }),
	counterOf("deleted_rows", "Rows that deletions removed from disk.", func(s *stats) uint64 { return s.DeletedRows }),

	gaugeOf("log_segments", "Files of the write-ahead log.", func(s *stats) int { return s.Log.Segments }),
	gaugeOf("log_bytes", "Bytes of the write-ahead log.", func(s *stats) int64 { return s.Log.Bytes }),
	gaugeOf("log_pending_bytes", "Bytes that wait to be written to the write-ahead log.", func(s *stats) int { return s.Log.PendingBytes }),
	labeled(prometheus.GaugeValue, "log_position", "Positions in the write-ahead log: the last one assigned, on disk, and not needed any more.", "point", func(s *stats) []sample {
		return []sample{{float64(s.Log.LastLSN), []string{"last"}}, {float64(s.Log.DurableLSN), []string{"durable"}}, {float64(s.Log.ReleasedLSN), []string{"released"}}}
	}),
	flagOf("log_failing", "1 while the write-ahead log cannot be written and writes are refused.", func(s *stats) bool { return s.Log.Failing }),
	counterOf("log_failures", "Times that the write-ahead log could not be written.", func(s *stats) uint64 { return s.Log.Failures }),
	counterOf("log_records", "Requests written to the write-ahead log.", func(s *stats) uint64 { return s.Log.Frames }),
	counterOf("log_groups", "Groups in which requests were written to the write-ahead log.", func(s *stats) uint64 { return s.Log.Groups }),
	counterOf("log_syncs", "Syncs of the write-ahead log.", func(s *stats) uint64 { return s.Log.Syncs }),
	counterOf("log_sync_seconds", "Time spent in syncs of the write-ahead log.", func(s *stats) float64 { return s.Log.SyncTime.Seconds() }),
}
