package columnar

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage/vfs"
)

// A builder must become a part that can be read.
func TestBuildersHaveLessMetadataThanAPartMayHave(t *testing.T) {
	for _, o := range []Options{{MaxBytes: 1 << 20}, {MaxBytes: 1 << 40}, {MaxBytes: 1 << 40, whole: true}} {
		if o.builderBytes() > maxMeta/2 {
			t.Errorf("%+v: a builder is sealed at %d bytes", o, o.builderBytes())
		}
	}
}

func TestMetadataThatFits(t *testing.T) {
	half := &partFile{metaBytes: maxMeta / 4}
	for _, c := range []struct {
		files []*partFile
		fits  bool
	}{
		{[]*partFile{half, half}, true},
		{[]*partFile{half, half, {metaBytes: 1}}, false},
		{[]*partFile{{metaBytes: maxMeta}}, true}, // it is only rewritten
	} {
		if err := metaFits(c.files); (err == nil) != c.fits || err != nil && !errors.Is(err, errLargeMeta) {
			t.Errorf("%d parts: %v", len(c.files), err)
		}
	}
}

// TestPartsWithMuchMetadataStayApart merges parts that do not fit together.
func TestPartsWithMuchMetadataStayApart(t *testing.T) {
	now := time.Unix(0, modelEpoch)
	o := stillOptions(t, vfs.NewMem())
	o.now = func() time.Time { return now }
	s, parts := storeOfParts(t, o)
	defer s.Close()
	var files []*partFile
	s.disk.current.each(func(p *livePart) {
		f, err := p.open()
		if err != nil {
			t.Fatal(err)
		}
		if f.metaBytes == 0 {
			t.Errorf("part %s: it is not known how much metadata there is", p.ID)
		}
		files = append(files, f)
	})
	sizes := make([]int, len(files))
	for i, f := range files {
		sizes[i], f.metaBytes = f.metaBytes, maxMeta/2
	}
	now = now.Add(3 * time.Hour)
	for range 2 { // spans and logs
		if _, err := s.disk.mergeOne(context.Background()); !errors.Is(err, errLargeMeta) {
			t.Errorf("merging: %v", err)
		}
	}
	now = now.Add(largeMetaRest - 1)
	if more, err := s.disk.mergeOne(context.Background()); more || err != nil {
		t.Errorf("before the hour is over: %v, %v", more, err)
	}
	wantHeld(t, s, parts...)
	now = now.Add(1)
	for i, f := range files {
		f.metaBytes = sizes[i]
	}
	mergeAll(t, s)
	if n := s.disk.counts.merges.Load(); n != 2 {
		t.Errorf("%d merges, want 2", n)
	}
	wantHeld(t, s, parts...)
}
