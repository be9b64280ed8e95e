package columnar

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/wal"
)

// codec says what a payload in the log is. The numbers are in files.
type codec uint8

const (
	codecPlain  codec = 0
	codecGzip   codec = 1
	codecZstd   codec = 2
	codecSnappy codec = 3 // or S2, which reads as snappy's superset: one block

	// codecData marks what pdata marshalled, which has no deprecated fields.
	codecData codec = 0x80
)

// payload is a request as it is decoded and as it is logged.
type payload struct {
	body   []byte // protobuf
	logged []byte // what the log gets, in codec
	codec  codec
}

// compressFrom is the size from which a request that came plain is compressed
// for the log: it costs what writing the rest would cost, and a sixth of the
// disk.
const compressFrom = 4 << 10

// newPayload decides what is logged of a request. scratch is memory that may
// be used for it.
func newPayload(from storage.OTLPRequest, form codec, scratch []byte) (payload, []byte) {
	p := payload{body: from.Body, logged: from.Body, codec: form}
	switch {
	case from.Wire != nil && from.Encoding == "gzip":
		p.logged, p.codec = from.Wire, form|codecGzip
	case from.Wire != nil && from.Encoding == "zstd":
		p.logged, p.codec = from.Wire, form|codecZstd
	case from.Wire != nil && from.Encoding == "snappy":
		p.logged, p.codec = from.Wire, form|codecSnappy
	case len(from.Body) >= compressFrom:
		if n := s2.MaxEncodedLen(len(from.Body)); cap(scratch) < n {
			scratch = make([]byte, n)
		}
		p.logged, p.codec = s2.Encode(scratch[:cap(scratch)], from.Body), form|codecSnappy
	}
	return p, scratch
}

// replayer appends what the log has.
type replayer struct {
	d       *disk
	records int
	plain   []byte
	spans   spanRequest
	logs    logRequest
	gzip    gzip.Reader
	zstd    *zstd.Decoder
}

func (r *replayer) record(rec wal.Record) error {
	d := r.d
	signal := storage.Signal(rec.Signal)
	if signal != storage.SignalSpans && signal != storage.SignalLogs {
		d.opts.Logger.Error("a record of the log is of an unknown signal and is left out", "lsn", rec.LSN, "signal", rec.Signal)
		return nil
	}
	if rec.LSN <= d.persisted[signal] {
		return nil
	}
	req, err := r.request(signal, rec)
	if err != nil {
		// It was whole when it was logged, and its checksum is right: another
		// program wrote it. The rest is not to be lost for it.
		d.opts.Logger.Error("a record of the log cannot be read and is left out", "lsn", rec.LSN, "bytes", len(rec.Payload), "error", err)
		return nil
	}
	r.records++
	return r.append(req, rec.LSN)
}

func (r *replayer) request(signal storage.Signal, rec wal.Record) (request, error) {
	body, err := r.unpack(codec(rec.Codec), rec.Payload)
	if err != nil {
		return nil, err
	}
	if signal == storage.SignalSpans {
		r.spans.admitted.reset()
		if err := r.spans.decode(body, codec(rec.Codec)); err != nil {
			return nil, err
		}
		admit(&r.spans, &r.spans.data.Message, "span", r.d.s.opts)
		return &r.spans, nil
	}
	r.logs.admitted.reset()
	if err := r.logs.decode(body, codec(rec.Codec)); err != nil {
		return nil, err
	}
	admit(&r.logs, &r.logs.data.Message, "log record", r.d.s.opts)
	return &r.logs, nil
}

// append puts a request into its builder, writes parts while there are too many
// sealed tables, and keeps what came before a deletion apart from what came
// after it.
func (r *replayer) append(req request, lsn uint64) error {
	s := r.d.s
	s.mu.Lock()
	h := req.head(s)
	for _, t := range r.d.tombstones {
		if first := h.openLSN(); first > 0 && first <= t.lsn && t.lsn < lsn {
			s.seal(h)
			break
		}
	}
	r.d.appendLogged(req, h, lsn)
	r.d.replayed = lsn
	full := s.bytes() > r.d.opts.MaxMemoryBytes/2
	if full {
		s.sealAll()
	}
	s.mu.Unlock()
	if full {
		return r.d.flushAll(context.Background())
	}
	return nil
}

func (r *replayer) unpack(c codec, b []byte) ([]byte, error) {
	var err error
	switch c &^ codecData {
	case codecPlain:
		return b, nil
	case codecSnappy:
		n, err := s2.DecodedLen(b)
		if err != nil || n > maxUnpackedBytes {
			return nil, fmt.Errorf("%d bytes after decompression: %w", n, err)
		}
		r.plain, err = s2.Decode(r.plain[:cap(r.plain)], b)
		return r.plain, err
	case codecGzip:
		if err = r.gzip.Reset(bytes.NewReader(b)); err == nil {
			r.plain, err = readAll(&r.gzip, r.plain[:0])
		}
		return r.plain, err
	case codecZstd:
		if r.zstd == nil {
			if r.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20)); err != nil {
				return nil, err
			}
		}
		if err = r.zstd.Reset(bytes.NewReader(b)); err == nil {
			r.plain, err = readAll(r.zstd, r.plain[:0])
		}
		return r.plain, err
	}
	return nil, fmt.Errorf("unknown codec %d: a newer heddle wrote it", c)
}

// maxUnpackedBytes bounds a request after decompression. Receivers bound it
// further down, so that only another program's log meets it.
const maxUnpackedBytes = 4 * wal.MaxPayloadBytes

func readAll(from io.Reader, to []byte) ([]byte, error) {
	b := bytes.NewBuffer(to)
	n, err := b.ReadFrom(io.LimitReader(from, maxUnpackedBytes+1))
	if err == nil && n > maxUnpackedBytes {
		err = fmt.Errorf("it has more than %d bytes after decompression", maxUnpackedBytes)
	}
	return b.Bytes(), err
}
