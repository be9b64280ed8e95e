package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/vfs"
)

// persisted are the positions of the log up to which a signal is in parts.
func (x *Inspection) persisted() (p [signals]uint64) {
	p[storage.SignalSpans], p[storage.SignalLogs] = x.state.Settings[settingSpans], x.state.Settings[settingLogs]
	return p
}

// segments lists the files of the log with their sizes together.
func (x *Inspection) segments() (files int, bytes int64, err error) {
	names, err := x.listIn("wal")
	if err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".wal") {
			continue
		}
		if info, err := x.fs.Stat(x.path("wal/" + name)); err == nil { // it may be released meanwhile
			files++
			bytes += info.Bytes
		}
	}
	return files, bytes, nil
}

// withLog opens the log and calls f with it, unless a store is writing it or
// there is none.
func (x *Inspection) withLog(f func(log *wal.Log, found wal.Recovery) error) error {
	files, _, err := x.segments()
	if err != nil || x.running || files == 0 {
		return err
	}
	log, found, err := wal.Open(newStill(x.fs), x.path("wal"), wal.Options{
		NextLSN: max(x.state.Settings[settingNext], 1),
		OnError: func(error) {}, // nothing is written that could fail
	})
	if err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	return errors.Join(f(log, found), log.Close())
}

// replayer returns one whose store takes what it appends and writes no parts:
// what is only in the log was in memory before, too.
func (x *Inspection) replayer(tombstones []*tombstone) replayer {
	memory := Options{MaxBytes: DefaultDiskOptions().MaxMemoryBytes, SealRows: DefaultDiskOptions().SealRows, Limits: storage.DefaultLimits(), whole: true}
	d := &disk{
		opts:      DiskOptions{Logger: x.opts.Logger, MaxMemoryBytes: math.MaxInt64, now: time.Now},
		persisted: x.persisted(), tombstones: tombstones,
	}
	d.s = &Store{opts: memory.as(x.state.Settings), disk: d}
	d.s.stats.RejectedSpans, d.s.stats.RejectedLogs = map[storage.Reason]uint64{}, map[storage.Reason]uint64{}
	d.s.drop()
	return replayer{d: d}
}

// logParts writes what is only in the log of a signal as parts into a file
// system in memory, in the order of the log.
func (x *Inspection) logParts(ctx context.Context, signal storage.Signal, tombstones []*tombstone) (parts []*livePart, err error) {
	r := x.replayer(tombstones)
	from := x.persisted()[signal] + 1
	if err := x.withLog(func(log *wal.Log, _ wal.Recovery) error {
		return log.Replay(from, nil, func(rec wal.Record) error {
			if err := ctx.Err(); err != nil || storage.Signal(rec.Signal) != signal {
				return err
			}
			return r.record(rec)
		})
	}); err != nil {
		return nil, err
	}
	s, w := r.d.s, logPartWriter{fs: vfs.NewMem(), dir: x.opts.Dir}
	s.sealAll()
	for _, t := range s.spans.sealed {
		p := manifest.Part{Signal: manifest.Spans, MinLSN: t.minLSN, MaxLSN: t.maxLSN}
		if err := w.add(p, func(out io.Writer) (*summary, error) { return writeSpanTable(out, t.table, 0) }); err != nil {
			return nil, err
		}
	}
	for _, t := range s.logs.sealed {
		p := manifest.Part{Signal: manifest.Logs, MinLSN: t.minLSN, MaxLSN: t.maxLSN}
		if err := w.add(p, func(out io.Writer) (*summary, error) { return writeLogTable(out, t.table, 0) }); err != nil {
			return nil, err
		}
	}
	return w.parts, nil
}

// logPartWriter writes parts that the manifest knows nothing of.
type logPartWriter struct {
	fs    *vfs.Mem
	dir   string
	names ulids
	parts []*livePart
}

func (w *logPartWriter) add(p manifest.Part, write func(io.Writer) (*summary, error)) error {
	p.ID, p.Tenant, p.FormatVersion = w.names.next(time.Now()), defaultTenant, partFormatNumber
	path := w.dir + "/" + p.ID
	d := disk{fs: w.fs}
	var contents *sidecar.Contents
	var err error
	if err = w.fs.MkdirAll(w.dir); err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	if p.Bytes, p.Hash, err = d.writeHashed(path+suffixPart, func(out io.Writer) error {
		s, err := write(out)
		if err == nil {
			contents = s.finish()
		}
		return err
	}); err != nil {
		return err
	}
	if p.IndexBytes, p.IndexHash, err = d.writeHashed(path+suffixIndex, func(out io.Writer) error { return sidecar.Write(out, contents) }); err != nil {
		return err
	}
	z := emptyZone
	for _, g := range contents.Zones {
		p.Rows += uint64(g.Rows)
		z = z.join(zone{g.MinStartNs, g.MaxStartNs})
	}
	p.Groups, p.MinNs, p.MaxNs = uint32(len(contents.Zones)), z.minNs, z.maxNs
	w.parts = append(w.parts, &livePart{Part: p, disk: new(disk), fs: w.fs, path: path})
	return nil
}
