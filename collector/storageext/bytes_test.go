package storageext

import "testing"

func TestByteSize(t *testing.T) {
	for text, want := range map[string]ByteSize{
		"0": 0, "17": 17, "17B": 17, "1KiB": 1024, "512MiB": 512 << 20, "1.5GiB": 3 << 29, " 2 GB ": 2e9, "1kB": 1000, "1TiB": 1 << 40,
	} {
		var got ByteSize
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", text, got, err, want)
		}
		var again ByteSize
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%v reads back as %d (%v)", got, again, err)
		}
	}
	for _, text := range []string{"", "lots", "-1", "MiB", "1 XB", "1e30GiB", "NaN", "Inf"} {
		if err := new(ByteSize).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
