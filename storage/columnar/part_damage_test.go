package columnar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// readings is everything that a part can be asked for, as text. Spans and
// vectors are read by queries of their own, so that each decodes what it needs
// in its own order.
func readings(file []byte) (text string, err error) {
	p, err := openBytes(file)
	if err != nil {
		return "", err
	}
	return readingsOf(p)
}

func readingsOf(p *partFile) (text string, err error) {
	var b strings.Builder
	for number := range p.file.RowGroups() {
		if p.signal == storage.SignalSpans {
			err = readSpans(&b, p, number)
		} else {
			err = readLogs(&b, p, number)
		}
		if err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func readSpans(b *strings.Builder, p *partFile, number int) error {
	whole, some := p.spanRows(number), p.spanRows(number)
	fmt.Fprintln(b, dumpSpans(whole.spans(allRows(whole.n))))
	fmt.Fprintln(b, dumpSpans(some.spans([]uint32{uint32(some.n / 2)})))
	columns := p.spanRows(number)
	counted := newKeyCounter()
	columns.countKeys(counted, fullBitmap(columns.n))
	fmt.Fprintln(b, counted.list())
	var batch storage.Batch
	columns.fill(&batch, allRows(columns.n))
	fmt.Fprintln(b, batch, len(columns.joinable(between(0, columns.n)).origin))
	keys := append(slices.Clone(spanIntrinsics), p.attrKeys()...)
	readVectors(b, columns, columns.n, keys)
	return errors.Join(whole.err(), some.err(), columns.err(), readTally(b, p.spanRows(number), keys))
}

func readTally(b *strings.Builder, rows *spanRows, keys []storage.Key) error {
	counts := talliedValues{}
	w := tallyWorker{visit: func(t storage.TallyBatch) bool {
		groups := make([]uint32, t.Len())
		for i, marks := range t.Marks() {
			groups[i] = uint32(marks)*4 + uint32(t.StartsNs()[i]&1)*2 + uint32(t.DurationsNs()[i]&1)
		}
		t.Count(groups, 8, counts.add)
		return true
	}}
	failed := storage.Compare{Key: storage.KeyStatus, Op: storage.Equal, Value: storage.Int(2)}
	err := w.show(context.Background(), rows, &storage.Tally{Window: storage.AllTime(), Keys: keys, Marks: []storage.Predicate{failed}})
	var lines []string
	for of, n := range counts {
		lines = append(lines, fmt.Sprint(keys[of.key], " ", dumpValue(of.value), of.group, n))
	}
	slices.Sort(lines)
	fmt.Fprintln(b, lines)
	return err
}

func readLogs(b *strings.Builder, p *partFile, number int) error {
	whole, some := p.logRows(number), p.logRows(number)
	fmt.Fprintln(b, dumpLogs(whole.records(allRows(whole.n))))
	fmt.Fprintln(b, dumpLogs(some.records([]uint32{uint32(some.n / 2)})))
	columns := p.logRows(number)
	counted := newKeyCounter()
	columns.countKeys(counted, fullBitmap(columns.n))
	fmt.Fprintln(b, counted.list())
	readVectors(b, columns, columns.n, append(slices.Clone(logIntrinsics), p.attrKeys()...))
	return errors.Join(whole.err(), some.err(), columns.err())
}

func readVectors(b *strings.Builder, t table, n int, keys []storage.Key) {
	for _, k := range keys {
		v := t.vector(k)
		for _, c := range []*condition{
			existsCondition(),
			compareCondition(storage.Compare{Op: storage.Equal, Value: storage.String("a")}),
			compareCondition(storage.Compare{Op: storage.GreaterEqual, Value: storage.Int(1)}),
		} {
			sel := fullBitmap(n)
			v.filter(sel, c)
			fmt.Fprintln(b, k, sel)
		}
		var g gathered
		v.gather(allRows(n), &g)
		column := g.column()
		for i := range column.Types {
			fmt.Fprint(b, dumpValue(column.Value(i)), " ")
		}
	}
}

var (
	spanIntrinsics = []storage.Key{
		storage.KeyTraceID, storage.KeySpanID, storage.KeyParentID, storage.KeyName, storage.KeyKind, storage.KeyStatus, storage.KeyStatusMessage,
		storage.KeyTraceState, storage.KeyStart, storage.KeyDuration, storage.KeyScopeName, storage.KeyScopeVersion, storage.KeyEventName,
	}
	logIntrinsics = []storage.Key{
		storage.KeyTraceID, storage.KeySpanID, storage.KeyScopeName, storage.KeyScopeVersion,
		storage.KeyTime, storage.KeySeverity, storage.KeySeverityText, storage.KeyBody, storage.KeyEventName,
	}
)

// attrKeys are the attribute keys that have a column, some that are only in
// the overflow, and one that is not there.
func (p *partFile) attrKeys() (keys []storage.Key) {
	add := func(scope storage.Scope, name string) {
		if k := (storage.Key{Scope: scope, Name: name}); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	scopes := []storage.Scope{storage.ScopeSpan, storage.ScopeEvent, storage.ScopeLink}
	if p.signal == storage.SignalLogs {
		scopes = []storage.Scope{storage.ScopeLog}
	}
	for i, l := range []*listColumns{&p.attrs, &p.events, &p.links}[:len(scopes)] {
		for _, c := range l.keys {
			add(scopes[i], c.key)
		}
		add(scopes[i], twice)
		add(scopes[i], "not there")
	}
	for _, e := range p.origins.resources {
		for _, a := range e.attrs {
			add(storage.ScopeResource, a.key)
		}
	}
	for _, e := range p.origins.scopes {
		for _, a := range e.attrs {
			add(storage.ScopeInstrumentation, a.key)
		}
	}
	return keys
}

// smallFiles are a part of spans and one of log records, of several pages.
func smallFiles(t testing.TB, rows int) [][]byte {
	r := rand.New(rand.NewPCG(1, 8))
	return [][]byte{spanFile(t, spanTableOf(t, oddTraces(r, rows, 20)), 64), logFile(t, logTableOf(t, oddLogs(r, rows)), 64)}
}

// retailed puts the right checksum of its tail into a part, so that what is
// behind the checksum gets to see the damage.
func retailed(file []byte) []byte {
	at := bytes.LastIndex(file, []byte(metaTail+"\x18\x10"))
	if at < 0 {
		return file
	}
	at += len(metaTail) + 2
	f, err := parquet.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return file
	}
	var length int
	value, _ := f.Meta(metaTail)
	if n, err := fmt.Sscanf(value, "%08x", &length); n != 1 || err != nil || length > len(file) || at+16 > len(file) {
		return file
	}
	tail := file[len(file)-length:]
	copy(file[at+tailDigits:], tailUnknown[:tailDigits])
	putDigits(file[at+tailDigits:], crc32.Checksum(tail, castagnoli))
	return file
}

// TestFlippedBits: a part with a flipped bit is read as it was or with an
// error, never otherwise.
func TestFlippedBits(t *testing.T) {
	storagetest.Long(t)
	for _, file := range smallFiles(t, 150) {
		want, err := readings(file)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(2, 8))
		same := 0
		const flips = 250
		for range flips {
			at, bit := r.IntN(len(file)), byte(1)<<r.IntN(8)
			if r.IntN(3) == 0 { // the tail is a small part of it
				at = len(file) - 1 - r.IntN(min(len(file), 20_000))
			}
			damaged := slices.Clone(file)
			damaged[at] ^= bit
			got, err := readings(damaged)
			if err == nil && got != want {
				t.Fatalf("byte %d of %d, bit %08b: what is read differs without an error", at, len(file), bit)
			}
			if err == nil {
				same++
			}
		}
		t.Logf("%d bytes, %d of %d flips did no harm", len(file), same, flips)
	}
}

// TestDamageToOnePage: a query that meets a damaged page goes on with absent
// values and says so; no page of a list column that is broken may shift what
// the others have.
func TestDamageToOnePage(t *testing.T) {
	storagetest.Long(t)
	for _, file := range smallFiles(t, 150) {
		p := openFile(t, file)
		for column, c := range p.file.Columns() {
			if c.Optional && c.List == "" && column%20 > 0 {
				continue // they are alike
			}
			pages, err := p.file.Chunk(0, column).Pages()
			if err != nil {
				t.Fatal(err)
			}
			page := pages[len(pages)/2]
			damaged := slices.Clone(file)
			damaged[page.Offset+int64(page.Bytes)-1] ^= 4
			g := openFile(t, damaged).group(0)
			if g.column(column).decode(0, len(g.pageStarts())); !errors.Is(g.failed, parquet.ErrCorrupt) {
				t.Errorf("column %d: decoding it says %v", column, g.failed)
			}
			if _, err := readings(damaged); err != nil && !errors.Is(err, parquet.ErrCorrupt) && !errors.Is(err, errPart) {
				t.Errorf("column %d: %v", column, err)
			}
		}
	}
}

// TestCutParts: a part that lost its end, or has something behind it, is not
// opened.
func TestCutParts(t *testing.T) {
	for _, file := range smallFiles(t, 150) {
		for _, damaged := range [][]byte{nil, file[:4], file[:len(file)-1], file[:len(file)/2], file[8:], append(slices.Clone(file), 0), bytes.Repeat([]byte("PAR1"), 100)} {
			if _, err := openBytes(damaged); err == nil {
				t.Errorf("%d of %d bytes were opened", len(damaged), len(file))
			}
		}
	}
}

// TestUnknownFormat: a part of another format is refused, and is not damage:
// the store must not set it aside.
func TestUnknownFormat(t *testing.T) {
	for format, want := range map[string]error{"2": errFormat, "": errFormat, "none": errPart} {
		var meta []parquet.KeyValue
		if format != "none" {
			meta = append(meta, parquet.KeyValue{Key: metaFormat, Value: format})
		}
		var b bytes.Buffer
		w := newPartWriter(&b, []parquet.Column{{Name: "x", Kind: parquet.Int64}}, parquet.Options{})
		if err := w.Close(meta); err != nil {
			t.Fatal(err)
		}
		_, err := openBytes(b.Bytes())
		if !errors.Is(err, want) || damaged(err) != (want == errPart) {
			t.Errorf("format %q: %v, damaged %v", format, err, damaged(err))
		}
	}
}

// FuzzPart changes bytes of a part. With the checksum of the tail as it was,
// every reading is as before or fails; with a right one, nothing may panic,
// hang or take memory that the file has not got.
func FuzzPart(f *testing.F) {
	files := smallFiles(f, 66)
	var want []string
	for _, file := range files {
		text, err := readings(file)
		if err != nil {
			f.Fatal(err)
		}
		want = append(want, text)
	}
	f.Add(false, false, uint32(100), []byte{1})
	f.Add(true, true, uint32(40_000), []byte{0xff, 0, 3})
	f.Fuzz(func(t *testing.T, logs, right bool, back uint32, change []byte) {
		which := int(boolBit(logs))
		file := slices.Clone(files[which])
		at := len(file) - 1 - int(back)%len(file)
		for i, c := range change {
			if at+i < len(file) {
				file[at+i] ^= c
			}
		}
		if right {
			file = retailed(file)
		}
		got, err := readings(file)
		if err == nil && !right && got != want[which] {
			t.Fatal("what is read differs without an error")
		}
	})
}

// FuzzPartMeta opens parts with any metadata and reads all of them.
func FuzzPartMeta(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 8))
	table := spanTableOf(f, oddTraces(r, 10, 5))
	p := newSpanPart()
	p.addTable(table)
	p.define()
	g := p.group([]*spanTable{table}, sealOrder(table))
	lists := appendList(appendList(appendList(nil, p.span), p.event), p.link)
	f.Add(lists, appendOrigins(nil, &p.origins.view))
	f.Add([]byte{0, 1, 0, 0, 1, 0, 0, 1, 0}, []byte{1, 5, 0, 0, 0, 0, 0, 1, 5, 0, 0, 0, 0, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, lists, origins []byte) {
		var b bytes.Buffer
		w := newPartWriter(&b, p.schema.parquet(), parquet.Options{})
		if err := writeGroup(w, &p.schema, g.a.n, g); err != nil {
			t.Fatal(err)
		}
		meta := []parquet.KeyValue{
			{Key: metaFormat, Value: partFormat}, {Key: metaSignal, Value: storage.SignalSpans.String()},
			{Key: metaLists, Value: pack(lists)}, {Key: metaOrigins, Value: pack(origins)},
		}
		if err := w.Close(meta); err != nil {
			t.Fatal(err)
		}
		_, _ = readings(b.Bytes())
	})
}

// FuzzMetaReader: what is read from metadata takes as much as it, not what it says.
func FuzzMetaReader(f *testing.F) {
	r := rand.New(rand.NewPCG(4, 8))
	table := logTableOf(f, oddLogs(r, 40))
	p := newLogPart()
	p.addTable(table)
	f.Add(string(appendList(nil, p.log)))
	f.Add(string(appendOrigins(nil, &p.origins.view)))
	f.Fuzz(func(t *testing.T, text string) {
		r := metaReader{rest: text}
		l := r.lists("", 100)
		if n := len(l.keys) + len(l.shapes.ids) + len(l.shapes.ends); n > 2*len(text) {
			t.Errorf("%d things in %d bytes", n, len(text))
		}
		if r.end("") == nil {
			for i := range uint32(l.shapes.len()) {
				for _, id := range l.shapes.at(i) {
					if id != overflowID && int(id) >= len(l.keys) {
						t.Errorf("shape %d has column %d of %d", i, id, len(l.keys))
					}
				}
			}
		}
		r = metaReader{rest: text}
		o := r.origins()
		if n := len(o.resources) + len(o.scopes) + len(o.pairs); n > 2*len(text) {
			t.Errorf("%d origins in %d bytes", n, len(text))
		}
		if r.end("") == nil {
			for i := range o.pairs {
				_, _ = o.resource(uint32(i)).service(), o.scope(uint32(i)).name
			}
		}
		if validEntity(text) {
			decodeEntity(text)
		}
	})
}
