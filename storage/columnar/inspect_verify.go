package columnar

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/heddle-io/heddle/storage/catalog"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
)

// Severity says how bad a finding is.
type Severity string

const (
	// Damage: something is not as it was written, or is missing. Records are
	// or may be lost, or answers wrong.
	Damage Severity = "damage"
	// Notice: something that a person may want to know or tidy up; nothing
	// that is stored suffers from it.
	Notice Severity = "notice"
)

// Finding is one thing that Verify found.
type Finding struct {
	Severity Severity `json:"severity"`
	Kind     string   `json:"kind"`             // stable name of what is wrong, such as "part-page"
	File     string   `json:"file"`             // below the data directory
	Place    string   `json:"place,omitempty"`  // in the file; "": all of it
	Problem  string   `json:"problem"`          // what is wrong and what that means
	Remedy   string   `json:"remedy,omitempty"` // what a person can do
}

// String is the finding on one line.
func (f Finding) String() string {
	text := string(f.Severity) + ": " + f.File
	if f.Place != "" {
		text += ": " + f.Place
	}
	text += ": " + f.Problem
	if f.Remedy != "" {
		text += "; " + f.Remedy
	}
	return text
}

// Checked counts what Verify looked at.
type Checked struct {
	Parts       int    `json:"parts"`
	Rows        uint64 `json:"rows"`
	Bytes       uint64 `json:"bytes"` // of parts and log
	LogSegments int    `json:"log_segments"`
	LogRecords  uint64 `json:"log_records"` // requests that are in the log
	Damage      int    `json:"damage"`      // findings of that severity
	Notices     int    `json:"notices"`
}

// Checked tells what the last Verify looked at so far.
func (x *Inspection) Checked() Checked { return x.checked }

// Verify reads everything that is stored and yields what is not as it should
// be: the manifest with every edit, sizes and hashes of files, every page of
// every part, the promised order of rows, that the index of a part agrees with
// its rows, the catalog, the log, and which files there are. One cause gives
// one finding, at the most precise place that is known. A file that the disk
// does not give is a finding too; only ctx ends the sequence with an error.
//
// progress, unless nil, is told often how much of the parts and the log was
// read. Memory is bounded by the decoded row groups of one part.
func (x *Inspection) Verify(ctx context.Context, progress func(doneBytes, totalBytes int64)) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		v := &verification{x: x, ctx: ctx, progress: progress, yield: yield}
		x.checked = Checked{}
		v.run()
		if err := ctx.Err(); err != nil && !v.stopped {
			yield(Finding{}, err)
		}
	}
}

// verification is a Verify under way.
type verification struct {
	x        *Inspection
	ctx      context.Context
	progress func(done, total int64)
	yield    func(Finding, error) bool
	stopped  bool // the consumer has enough

	doneHalves, totalBytes int64           // every byte of a part is read twice: once for the hash, once decoded
	seen                   map[string]bool // parts, by id
}

// over says whether there is nothing more to do.
func (v *verification) over() bool { return v.stopped || v.ctx.Err() != nil }

func (v *verification) report(f Finding) {
	if v.stopped {
		return
	}
	if f.Severity == Damage {
		v.x.checked.Damage++
	} else {
		v.x.checked.Notices++
	}
	v.stopped = !v.yield(f, nil)
}

func (v *verification) damage(kind, file, place, problem, remedy string) {
	v.report(Finding{Severity: Damage, Kind: kind, File: file, Place: place, Problem: problem, Remedy: remedy})
}

func (v *verification) notice(kind, file, problem, remedy string) {
	v.report(Finding{Severity: Notice, Kind: kind, File: file, Problem: problem, Remedy: remedy})
}

// advance tells that bytes of a part were hashed or decoded.
func (v *verification) advance(bytes int64) {
	v.doneHalves += bytes
	if v.progress != nil {
		v.progress(min(v.doneHalves/2, v.totalBytes), v.totalBytes)
	}
}

func (v *verification) run() {
	_, logBytes, err := v.x.segments()
	if err != nil || v.x.running {
		logBytes = 0
	}
	v.totalBytes = logBytes
	for _, p := range v.x.state.Parts {
		v.totalBytes += int64(p.Bytes + p.IndexBytes)
	}
	v.seen = map[string]bool{}
	for _, step := range []func(){v.verifyManifest, v.verifyParts, v.verifyFiles, v.verifyCatalog, v.verifyLog} {
		if v.over() {
			return
		}
		step()
	}
	if v.progress != nil && !v.over() {
		v.progress(v.totalBytes, v.totalBytes)
	}
}

const remedyManifest = "restore the whole data directory from a backup, or start heddle: it keeps a copy of the damaged file and goes on with what could be read; parts that it does not find in the list are moved to quarantine"

func (v *verification) verifyManifest() {
	r := &v.x.report
	const file = "MANIFEST"
	if !r.Found {
		v.damage("manifest-missing", file, "", "there is no list of parts, so no part is shown", remedyManifest)
		return
	}
	reason := "" // of damage that takes no bytes: it is told with what follows
	for i, d := range r.Damage {
		if reason += d.Reason; d.Bytes == 0 && i+1 < len(r.Damage) {
			reason += ", "
			continue
		}
		effect := "parts that were added there are not shown"
		if r.LostEdits == 0 {
			effect = "nothing is known to be missing, because every edit is there twice"
		}
		v.damage("manifest-damaged", file, fmt.Sprintf("bytes %d to %d", d.Offset, d.Offset+max(d.Bytes, 1)-1), reason+": "+effect, remedyManifest)
		reason = ""
	}
	if r.LostEdits > 0 && len(r.Damage) == 0 {
		v.damage("manifest-edits-lost", file, "", fmt.Sprintf("at least %d edits are missing", r.LostEdits), remedyManifest)
	}
	if r.Misfits > 0 && !r.Damaged() {
		v.damage("manifest-misfit", file, "", fmt.Sprintf("%d edits add a part twice or remove one that is not there", r.Misfits), remedyManifest)
	}
	if r.TornBytes > 0 && !v.x.running {
		v.notice("manifest-torn", file, fmt.Sprintf("%d bytes at the end are an edit that a crash interrupted; nobody was promised it", r.TornBytes), "")
	}
}

// verifyParts checks the parts that are listed. Beside a running store some may
// be merged before their turn comes; then what they became is checked.
func (v *verification) verifyParts() {
	const rounds = 4
	for range rounds {
		gone := false
		for _, p := range v.x.parts() {
			if v.over() {
				return
			}
			if v.seen[p.ID] {
				continue
			}
			v.seen[p.ID] = true
			gone = !v.verifyPart(p) || gone
		}
		if !gone {
			return
		}
	}
	v.x.note("heddle merged parts faster than they could be checked; check again when it is quieter")
}

// vanished says whether a part is not listed any more, in a list that is read
// again.
func (v *verification) vanished(p *manifest.Part) bool {
	if !v.x.running || v.x.readManifest() != nil {
		return false
	}
	_, ok := v.x.state.Parts[p.ID]
	return !ok
}

func (v *verification) verifyCatalog() {
	const file = "catalog"
	err := v.x.withCatalog(v.ctx, func(*catalog.Catalog) error { return nil })
	switch {
	case err == nil || v.ctx.Err() != nil:
	case errors.Is(err, fs.ErrNotExist):
		v.damage("catalog-missing", file, "", "there is no catalog: deletions that were not carried out are forgotten, and what people saved is gone",
			"restore the directory from a backup, or start heddle, which begins an empty one")
	case errors.Is(err, errBusyCatalog):
		v.x.note("the catalog could not be checked, because heddle writes it all the time")
	case errors.Is(err, catalog.ErrCorrupt):
		v.damage("catalog-damaged", file, "", err.Error(), "")
	default:
		v.damage("catalog-unreadable", file, "", err.Error(), "")
	}
}

// unreadable reports a file that cannot be opened or read.
func (v *verification) unreadable(path string, err error) {
	v.damage("unreadable", v.x.relative(path), "", "it cannot be read: "+err.Error(), "let this user read it; if it is the disk that fails, copy what can be read and restore the rest from a backup")
}

func (v *verification) rel(p *livePart, suffix string) string { return v.x.relative(p.path + suffix) }
