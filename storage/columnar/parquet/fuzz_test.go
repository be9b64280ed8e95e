package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzFile opens and reads anything.
func FuzzFile(f *testing.F) {
	f.Add(goldenModel().write(f, rand.New(rand.NewPCG(1, 1))))
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 9))
		if data := randomModel(r).write(f, r); len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := readAll(data); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

// FuzzFooter puts anything into a footer, without the need to get its length
// right.
func FuzzFooter(f *testing.F) {
	data := goldenModel().write(f, rand.New(rand.NewPCG(1, 1)))
	length := int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	body, footer := data[:len(data)-8-length], data[len(data)-8-length:len(data)-8]
	f.Add(footer)
	f.Fuzz(func(t *testing.T, footer []byte) {
		file := append(bytes.Clone(body), footer...)
		file = binary.LittleEndian.AppendUint32(file, uint32(len(footer)))
		if _, err := readAll(append(file, magic...)); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

// fuzzColumns are columns whose pages differ.
var fuzzColumns = []Column{
	{Name: "flat", Kind: ByteArray, Optional: true}, {Name: "int", Kind: Int32}, {Name: "long", Kind: Int64, Optional: true},
	{Name: "double", Kind: Double}, {Name: "bool", Kind: Boolean, Optional: true}, {Name: "fixed", Kind: Fixed, Length: 3, Optional: true},
	{List: "list", Name: "text", Kind: ByteArray}, {List: "list", Name: "int", Kind: Int32, Logical: Uint32, Optional: true},
}

// FuzzPage decodes anything as the inside of a page.
func FuzzPage(f *testing.F) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 5))
		m := &model{columns: fuzzColumns, options: Options{PageRows: 64}}
		m.groups = append(m.groups, m.randomGroup(r))
		data := m.write(f, r)
		file, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			f.Fatal(err)
		}
		for i := range fuzzColumns {
			var p Page
			if err := file.Chunk(0, i).ReadPage(0, &p); err != nil {
				f.Fatal(err)
			}
			header := thriftReader{b: p.raw}
			h := header.pageHeader()
			f.Add(uint8(i), uint8(h.encoding), uint16(p.Rows), uint16(h.values), p.plain)
		}
	}
	file := &File{columns: fuzzColumns}
	f.Fuzz(func(t *testing.T, column, encoding uint8, rows, values uint16, plain []byte) {
		c := &Chunk{file: file, column: uint32(int(column) % len(fuzzColumns))}
		p := Page{Rows: int(rows), scratch: scratch{plain: plain}}
		h := pageHeader{kind: pageData, values: int32(values), encoding: int32(encoding), definitions: encodingRLE, repetitions: encodingRLE}
		some := Page{Rows: int(rows), scratch: scratch{plain: slices.Clone(plain)}}
		if reason := c.decode(&h, everything, &p); reason != "" {
			return
		}
		from := int(values) % 64
		to := from + int(encoding)
		if reason := c.decode(&h, wanted{from, to}, &some); reason != "" {
			t.Fatalf("the rows from %d to %d: %s", from, to, reason)
		}
		if diff := differ(&p, &some, from, to, c.description()); diff != "" {
			t.Fatalf("the rows from %d to %d: %s", from, to, diff)
		}
		if p.Len > p.Places || p.Present != nil && countBits(p.Present, 0, p.Places) != p.Len {
			t.Fatalf("%d values in %d places", p.Len, p.Places)
		}
		d := c.Column()
		for i := range p.Len { // nothing is out of range
			if !p.Dictionary {
				cellOf(&d, &p, nil, i)
			} else if p.Codes[i] >= p.CodeLimit {
				t.Fatalf("code %d is not below %d", p.Codes[i], p.CodeLimit)
			}
		}
		elements := uint32(0)
		for _, n := range p.Counts {
			elements += n
		}
		if d.List != "" && (int(elements) != p.Places || len(p.Counts) != p.Rows) {
			t.Fatalf("%d elements in %d counts, %d places in %d rows", elements, len(p.Counts), p.Places, p.Rows)
		}
	})
}

// FuzzDict decodes anything as the inside of a dictionary.
func FuzzDict(f *testing.F) {
	f.Add(uint8(0), uint16(2), []byte("\x01\x00\x00\x00a\x02\x00\x00\x00bc"))
	f.Add(uint8(1), uint16(2), []byte("12345678"))
	f.Add(uint8(5), uint16(2), []byte("abcdef"))
	f.Fuzz(func(t *testing.T, column uint8, n uint16, plain []byte) {
		c := &fuzzColumns[int(column)%len(fuzzColumns)]
		d := DecodedDict{scratch: scratch{plain: plain}}
		if !d.entries(c, int(n)) {
			return
		}
		p := Page{Dictionary: true, Codes: make([]uint32, d.Len)}
		for i := range p.Codes {
			p.Codes[i] = uint32(i)
			cellOf(c, &p, &d, i)
		}
	})
}

// FuzzDelta decodes anything, and what it was made from.
func FuzzDelta(f *testing.F) {
	f.Add(uint16(3), true, []byte("\x80\x01\x04\x03\x02\x01\x00\x00\x00\x00"))
	f.Add(uint16(200), false, bytes.Repeat([]byte("abcdefgh"), 200))
	f.Fuzz(func(t *testing.T, n uint16, narrow bool, data []byte) {
		decodeDelta(make([]uint64, n), int(n), data, narrow)
		values := make([]uint64, len(data)/8)
		for i := range values {
			values[i] = binary.LittleEndian.Uint64(data[8*i:])
			if narrow {
				values[i] = uint64(extend(values[i], true))
			}
		}
		encoded := appendDelta(nil, values, narrow)
		got := make([]uint64, len(values))
		if rest, ok := decodeDelta(got, len(got), encoded, narrow); !ok || len(rest) > 0 || !slices.Equal(got, values) {
			t.Fatalf("%d values became %d, %d bytes left", values, got, len(rest))
		}
		some, first := make([]uint64, len(values)), min(int(n), len(values))
		if _, ok := decodeDelta(some, first, encoded, narrow); !ok || !slices.Equal(some[:first], values[:first]) {
			t.Fatalf("the first %d of %d values became %d", first, values, some)
		}
		if size := deltaBytes(values, narrow, 1); size > len(encoded) || size < len(encoded)-200-len(encoded)/4 {
			t.Fatalf("%d bytes were estimated, there are %d", size, len(encoded))
		}
	})
}

// FuzzHybrid decodes anything, and what it was made from in every width.
func FuzzHybrid(f *testing.F) {
	f.Add(uint8(3), uint16(10), []byte("\x03\x88\xc6\xfa\x06\x01"))
	for width := range uint8(33) {
		f.Add(width, uint16(9), []byte("a packed run of \x00\xff\x80 codes, which are all there once"))
	}
	f.Add(uint8(11), uint16(100), bytes.Repeat([]byte{1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3}, 30))
	f.Fuzz(func(t *testing.T, width uint8, n uint16, data []byte) {
		width %= 33
		decodeHybrid(make([]uint32, n), 0, int(n), data, int(width))
		words := make([]uint64, (int(n)+63)/64)
		decodeBits(words, data, int(n))

		codes := make([]uint32, len(data))
		runs := runEncoder{width: int(width)}
		for i, b := range data {
			codes[i] = uint32(uint64(b) * 0x01010101 & (1<<width - 1))
			runs.put(codes[i], 1)
		}
		runs.flush()
		for _, encoded := range [][]byte{appendHybrid(nil, codes, int(width)), runs.dst} {
			got := make([]uint32, len(codes))
			if rest, ok := decodeHybrid(got, 0, len(got), encoded, int(width)); !ok || len(rest) > 0 || !slices.Equal(got, codes) {
				t.Fatalf("width %d: %d became %d, %d bytes left", width, codes, got, len(rest))
			}
			from := min(int(n)/16, len(codes))
			to, some := min(from+int(n)%16, len(codes)), make([]uint32, len(codes))
			if _, ok := decodeHybrid(some, from, to, encoded, int(width)); !ok || !slices.Equal(some[from:to], codes[from:to]) {
				t.Fatalf("width %d: %d became %d from %d to %d", width, codes, some, from, to)
			}
		}
	})
}

// FuzzPresence encodes and decodes bitmaps.
func FuzzPresence(f *testing.F) {
	f.Add(uint16(3), []byte{5})
	f.Add(uint16(700), bytes.Repeat([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 7}, 5))
	f.Fuzz(func(t *testing.T, n uint16, data []byte) {
		n = max(1, n)
		words := make([]uint64, (int(n)+63)/64)
		for i := range words {
			var b [8]byte
			copy(b[:], data[min(8*i, len(data)):])
			words[i] = binary.LittleEndian.Uint64(b[:])
		}
		var p Page
		p.Len = int(n)
		rest, ok := p.presence(appendPresence(nil, words, int(n)), int(n))
		if !ok || len(rest) > 0 || p.Len != countBits(words, 0, int(n)) {
			t.Fatalf("%x: %d of %d values, %d bytes left", words, p.Len, n, len(rest))
		}
		for i := range int(n) {
			if want := words[i>>6]>>(i&63)&1 != 0; want != (p.Present == nil || p.Present[i>>6]>>(i&63)&1 != 0) {
				t.Fatalf("bit %d of %x", i, words)
			}
		}
	})
}

// FuzzStored: a frame without compression is what a decoder makes of it.
func FuzzStored(f *testing.F) {
	f.Add([]byte{}, []byte("(\xb5/\xfd \x03\x19\x00\x00abc"))
	f.Fuzz(func(t *testing.T, raw, frame []byte) {
		z, err := unzstd()
		if err != nil {
			t.Fatal(err)
		}
		raw = bytes.Repeat(raw, 1+len(frame)%300)
		encoded := appendStored(nil, raw)
		if got, err := z.DecodeAll(encoded, make([]byte, 0, len(raw)+1)); err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("%d bytes became %d: %v", len(raw), len(got), err)
		}
		if got, ok := stored(encoded, len(raw)); ok != (len(raw) <= rawBlock) || ok && !bytes.Equal(got, raw) {
			t.Fatalf("%d bytes became %d, %v", len(raw), len(got), ok)
		}
		for size := range min(300, len(frame)) {
			if got, ok := stored(frame, size); ok {
				if want, err := z.DecodeAll(frame, make([]byte, 0, size+1)); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%q is %q, %v; %q was read", frame, want, err, got)
				}
			}
		}
	})
}
