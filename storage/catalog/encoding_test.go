package catalog

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample is a record with its key, as on disk.
type sample struct {
	name       string
	key, value []byte
}

func samples() []sample {
	k := storage.Key{Scope: storage.ScopeSpan, Name: "user.id"}
	service := serviceRecord{hour: 495_000, count: 300, operations: []operationRecord{
		{operation{"GET /", 2}, 495_000, 200}, {operation{"", -1}, 1, math.MaxUint64},
	}}
	key := keyRecord{types: []typeRecord{{storage.TypeString, 495_000, 5}, {storage.TypeArray, 3, 130}}}
	trace := Tombstone{ID: 258, Tenant: "default", Signals: SignalBoth, TraceID: &storage.TraceID{1, 15: 2}, LSN: 1 << 40,
		CreatedNs: testNowNs, DeadlineNs: testNowNs + 1, Reason: "ticket 12"}
	value := Tombstone{ID: 3, Tenant: "acme", Signals: SignalLogs, Where: &Match{k, storage.Int(-42)}, CreatedNs: 1, DoneNs: 2, RowsDeleted: 300}
	object := Object{Kind: "dashboard", ID: "a", Revision: 300, CreatedNs: 1, UpdatedNs: 2, JSON: []byte(`{"a":1}`)}
	list := []sample{
		{"tombstone by trace", tombstoneKey(trace.ID), trace.encode()},
		{"tombstone by value", tombstoneKey(value.ID), value.encode()},
		{"service", serviceKey("default", "cart"), service.encode()},
		{"key", attributeKey("default", k), key.encode()},
		{"object", objectKey("default", object.Kind, object.ID), object.encode()},
		{"setting", settingKey("default", "compact"), append([]byte{recordVersion}, "bytes"...)},
	}
	for i, v := range []storage.Value{
		storage.String("a"), storage.String(""), storage.Int(math.MaxInt64), storage.Float(1.5), storage.Float(math.NaN()),
		storage.Bool(true), storage.Bool(false), storage.Bytes([]byte{0, 255}),
	} {
		value.ID, value.Where = uint64(10+i), &Match{k, v}
		list = append(list, sample{"tombstone by the " + v.Type().String() + " " + v.Text(), tombstoneKey(value.ID), value.encode()})
	}
	return list
}

// The golden file is the format: a change of it needs a new record or schema
// version, and code that still reads the old one.
func TestEncodingsAreStable(t *testing.T) {
	var got strings.Builder
	for _, s := range samples() {
		fmt.Fprintf(&got, "%s\n  key   %s\n  value %s\n", s.name, hex.EncodeToString(s.key), hex.EncodeToString(s.value))
	}
	path := filepath.Join("testdata", "encodings.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("encodings changed (run with -update to see how):\n%s", got.String())
	}
}

// decoders read a record and write it again.
var decoders = map[string]func(b []byte) ([]byte, error){
	"tombstone": func(b []byte) ([]byte, error) {
		t, err := decodeTombstone(1, b)
		if err != nil {
			return nil, err
		}
		return t.encode(), nil
	},
	"service": func(b []byte) ([]byte, error) {
		s, err := decodeService("a", b)
		if err != nil {
			return nil, err
		}
		return s.encode(), nil
	},
	"key": func(b []byte) ([]byte, error) {
		k, err := decodeKey(b)
		if err != nil {
			return nil, err
		}
		return k.encode(), nil
	},
	"object": func(b []byte) ([]byte, error) {
		o, err := decodeObject("k", "i", b)
		if err != nil {
			return nil, err
		}
		return o.encode(), nil
	},
	"setting": func(b []byte) ([]byte, error) {
		v, err := decodeSetting("a", b)
		return append([]byte{recordVersion}, v...), err
	},
}

func decoderOf(s sample) func([]byte) ([]byte, error) {
	what, _, _ := strings.Cut(s.name, " ")
	return decoders[what]
}

func TestRecordsSurviveDecoding(t *testing.T) {
	for _, s := range samples() {
		b, err := decoderOf(s)(s.value)
		if err != nil || !bytes.Equal(b, s.value) {
			t.Errorf("%s: got %x, %v, want %x", s.name, b, err, s.value)
		}
	}
}

// Every beginning of a record but the whole is refused, and so are a later
// version and bytes behind the end.
func TestDecodersRefuse(t *testing.T) {
	for _, s := range samples() {
		decode := decoderOf(s)
		refuse := func(what string, b []byte) {
			t.Helper()
			if _, err := decode(b); err == nil {
				t.Errorf("%s: %s was accepted: %x", s.name, what, b)
			} else {
				wantError(t, err, ErrCorrupt)
			}
		}
		refuse("nothing", nil)
		refuse("a later version", append([]byte{recordVersion + 1}, s.value[1:]...))
		if s.name == "setting" {
			continue // any bytes are a setting
		}
		for n := range s.value {
			refuse(fmt.Sprintf("a record of %d bytes", n), s.value[:n])
		}
		refuse("a longer record", append(append([]byte(nil), s.value...), 1))
	}
}

func TestUsageIsCountedAnew(t *testing.T) {
	o, _ := testOptions("")
	c := mustOpen(t, o)
	mustObserve(t, c.Vocabulary(""), meshObservation(1))
	if err := c.Settings("").Set("a", nil); err != nil {
		t.Fatal(err)
	}
	kept, err := c.Objects("").Put(Object{Kind: "k", ID: "i", JSON: []byte("12")})
	if err != nil {
		t.Fatal(err)
	}
	kept.JSON = []byte("123")
	if _, err := c.Objects("").Put(kept); err != nil {
		t.Fatal(err)
	}
	counted := *c.tenants[DefaultTenant]
	c.tenants = map[string]*usage{}
	err = c.read("usage", func(t *transaction) error {
		_, err := t.usageOf(DefaultTenant)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if anew := *c.tenants[DefaultTenant]; !reflect.DeepEqual(anew, counted) || anew.services != 40 || anew.keys != 100 || anew.objects != 1 || anew.settings != 1 {
		t.Errorf("kept up to date: %+v, counted anew: %+v", counted, anew)
	}
}
