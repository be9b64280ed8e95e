package columnar

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/vfs"
)

// verifyFiles looks for files that nothing refers to, and at what was set aside.
func (v *verification) verifyFiles() {
	if v.x.running {
		v.x.note("files that belong to no part were not looked for: heddle may be writing or removing some")
	} else if err := v.verifyOrphans(); err != nil {
		v.unreadable(v.x.path("data"), err)
	}
	if err := v.verifyTop(); err != nil {
		v.unreadable(v.x.opts.Dir, err)
	}
	if err := v.verifyQuarantine(); err != nil {
		v.unreadable(v.x.path("quarantine"), err)
	}
}

func (v *verification) verifyOrphans() error {
	lost := v.x.report.Damaged() || v.x.report.TornBytes > 0 || !v.x.report.Found
	return (&disk{fs: v.x.fs}).walk(v.x.path("data"), 5, func(dir string, names []string) error {
		told := map[string]bool{}
		for _, name := range names {
			id := stem(name)
			file := v.x.relative(filepath.Join(dir, name))
			_, listed := v.x.state.Parts[id]
			switch {
			case id == "" || v.over():
			case filepath.Ext(name) == vfs.TempSuffix:
				v.notice("leftover", file, "a crash came while it was written", "heddle removes it at its next start")
			case listed || told[id]:
			case lost:
				told[id] = true
				v.damage("orphan", file, "", "the manifest, which is damaged, does not list this part: its rows are not shown", "start heddle, which moves it to quarantine")
			default:
				told[id] = true
				v.notice("orphan", file, "the manifest does not list this part: a crash came when it was written or replaced", "heddle removes it at its next start")
			}
		}
		return nil
	})
}

// verifyTop looks at what the manifest left behind.
func (v *verification) verifyTop() error {
	names, err := v.x.listIn(".")
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "MANIFEST.damaged-"):
			v.notice("manifest-copy", name, "a damaged list of parts that was kept", "remove it when nothing is missing any more")
		case name == "MANIFEST"+vfs.TempSuffix && !v.x.running:
			v.notice("leftover", name, "a crash came while it was written", "heddle replaces it when it writes the manifest next")
		}
	}
	return err
}

// verifyQuarantine tells what was set aside and why, one finding for all files
// of a part.
func (v *verification) verifyQuarantine() error {
	names, err := v.x.listIn("quarantine")
	if err != nil {
		return err
	}
	for _, name := range names {
		if v.over() {
			return nil
		}
		subject := name
		if id := stem(name); id != "" {
			subject = id
		}
		if strings.HasSuffix(name, ".txt") && len(names) > 1 && v.explains(names, name) {
			continue // told with what it explains
		}
		if i := slices.IndexFunc(names, func(other string) bool { return stem(other) == subject }); i >= 0 && names[i] != name {
			continue
		}
		v.notice("quarantine", "quarantine/"+name, "it was set aside and is not shown: "+v.reason(subject), "see whether a backup has it whole; remove it when it is not needed any more")
	}
	return nil
}

// explains says whether a text is about another file that is there.
func (v *verification) explains(names []string, text string) bool {
	about := strings.TrimSuffix(text, ".txt")
	return slices.ContainsFunc(names, func(name string) bool { return name != text && (name == about || stem(name) == about) })
}

// reason is the text that is kept beside what was set aside.
func (v *verification) reason(subject string) string {
	const most = 64 << 10
	text, err := vfs.ReadFile(v.x.fs, v.x.path("quarantine/"+strings.TrimSuffix(subject, ".txt")+".txt"), most)
	if errors.Is(err, fs.ErrNotExist) {
		return "why is not noted"
	}
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[:min(len(lines), 2)], []byte(": ")))
}

const remedyLog = "restore the whole data directory from a backup, or start heddle: it keeps a copy of the damaged segment in quarantine and goes on with the rest"

// verifyLog reads the log as the next start would.
func (v *verification) verifyLog() {
	err := v.x.withLog(func(log *wal.Log, found wal.Recovery) error {
		v.x.checked.LogSegments, v.x.checked.LogRecords = found.Segments, found.Frames
		v.x.checked.Bytes += uint64(found.Bytes)
		v.verifyRecovery(found)
		return v.verifyRecords(log)
	})
	if err != nil && v.ctx.Err() == nil && !v.stopped {
		v.damage("log-unreadable", "wal", "", err.Error(), "")
	}
}

func (v *verification) verifyRecovery(found wal.Recovery) {
	persisted := v.x.persisted()
	safe := min(persisted[storage.SignalSpans], persisted[storage.SignalLogs])
	lost := slices.DeleteFunc(slices.Clone(found.Lost), func(r wal.Range) bool { return r.To <= safe })
	if missing, ok := missingBefore(found, persisted); ok && v.x.report.Found && !v.x.report.Damaged() {
		lost = append(lost, missing)
	}
	for _, d := range found.Damaged {
		if len(lost) > 0 {
			v.damage("log-damaged", "wal/"+d.Name, "", d.Reason+"; requests with these positions are lost, unless they were in parts already: "+ranges(lost), remedyLog)
			continue
		}
		v.notice("log-damaged", "wal/"+d.Name, d.Reason+"; nothing that is not in parts was lost with it", "start heddle: it keeps a copy of the segment in quarantine and goes on")
	}
	if len(lost) > 0 && len(found.Damaged) == 0 {
		v.damage("log-lost", "wal", "", "requests with these positions are missing, unless they were in parts already: "+ranges(lost), remedyLog)
	}
	if found.TornBytes > 0 {
		v.notice("log-torn", "wal", fmt.Sprintf("%d bytes at the end were being written when heddle was stopped by force; nobody was promised them", found.TornBytes), "")
	}
}

func ranges(list []wal.Range) string {
	var b strings.Builder
	for i, r := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		if r.From == r.To {
			fmt.Fprintf(&b, "%d", r.From)
			continue
		}
		fmt.Fprintf(&b, "%d to %d", r.From, r.To)
	}
	return b.String()
}

// verifyRecords decodes the requests that the next start would replay.
func (v *verification) verifyRecords(log *wal.Log) error {
	r := v.x.replayer(nil)
	persisted := v.x.persisted()
	before, bad := int64(0), 0
	err := log.Replay(0, func(done, _ int64) {
		v.advance(2 * (done - before))
		before = done
	}, func(rec wal.Record) error {
		if v.over() {
			return errStopped
		}
		signal := storage.Signal(rec.Signal)
		known := signal == storage.SignalSpans || signal == storage.SignalLogs
		if known && rec.LSN <= persisted[signal] {
			return nil
		}
		problem := fmt.Sprintf("it is of the unknown signal %d", rec.Signal)
		if known {
			_, err := r.request(signal, rec)
			if err == nil {
				return nil
			}
			problem = "it cannot be decoded: " + err.Error()
		}
		if bad++; bad <= maxPlaces {
			v.damage("log-record", "wal", fmt.Sprintf("request at position %d", rec.LSN), problem+", though its checksum is right", "start the version of heddle that wrote it")
		}
		return nil
	})
	if bad > maxPlaces {
		v.damage("log-record", "wal", "", fmt.Sprintf("%d more requests cannot be decoded", bad-maxPlaces), "")
	}
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

// errStopped ends a replay that is not wanted any more.
var errStopped = errors.New("columnar: stopped")
