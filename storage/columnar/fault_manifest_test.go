package columnar

import (
	"strings"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/vfs"
)

// TestLostManifestEdit loses the last edits of the manifest, as a disk does
// that did not write what it said it had. What the log still has is there, what
// it has not is kept in quarantine, nothing is there twice and the store opens.
func TestLostManifestEdit(t *testing.T) {
	for name, lose := range map[string]func(b []byte) []byte{
		"the end":            func(b []byte) []byte { return b[:len(b)-7] },
		"wrong in the end":   func(b []byte) []byte { b[len(b)-20] ^= 1; return b },
		"wrong in between":   func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"wrong in the start": func(b []byte) []byte { b[3] ^= 1; return b },
		"zeros in the end":   func(b []byte) []byte { clear(b[len(b)-100:]); return b },
		"all":                func(b []byte) []byte { return nil },
		"everything in it":   func(b []byte) []byte { clear(b); return b },
	} {
		for _, merged := range []bool{false, true} {
			for _, released := range []bool{false, true} {
				t.Run(name, func(t *testing.T) {
					mem := vfs.NewMem()
					o := stillOptions(t, mem)
					if released {
						o.segmentBytes = 4 << 10
					}
					now := time.Unix(0, modelEpoch)
					o.now = func() time.Time { return now }
					s, parts := storeOfParts(t, o)
					if merged {
						now = now.Add(3 * time.Hour)
						mergeAll(t, s)
					}
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					changeFile(t, mem, "/data/MANIFEST", lose)
					s = openDisk(t, o)
					defer s.Close()
					// Each request is there once, or its part is in quarantine.
					aside := 0
					for _, path := range filesBelow(t, mem, "/data/quarantine") {
						if strings.HasSuffix(path, suffixPart) {
							aside++
						}
					}
					there := 0
					var shown [][]modelRecord
					for _, part := range heldWith(t, s, nil, map[int64]bool{0: true, 100: true, 200: true, 300: true}) {
						there++
						shown = append(shown, recordsOf(part[0].signal, -1, 40, part[0].id))
					}
					wantHeld(t, s, shown...)
					if merged && there+2*aside < len(parts) || !merged && there+aside < len(parts) {
						t.Errorf("%d of %d requests are there and %d parts are in quarantine: %v", there, len(parts), aside, filesBelow(t, mem, "/data"))
					}
					// It works as before.
					records := recordsOf(storage.SignalSpans, -1, 30, 5000)
					writeRecords(t, s, storage.SignalSpans, records)
					flushed{s}.flush()
					mergeAll(t, s)
					wantHeld(t, s, append(shown, records)...)
				})
			}
		}
	}
}
