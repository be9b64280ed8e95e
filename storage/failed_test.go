package storage

import "testing"

// TestFailedIsOneMeaning compares the predicate with what is said of a column.
func TestFailedIsOneMeaning(t *testing.T) {
	dict := []string{"true", "TRUE", "false", "", "1"}
	c := Column{Dict: dict}
	var want []bool
	add := func(typ Type, bits uint64, failed bool) {
		c.Types, c.Bits, want = append(c.Types, typ), append(c.Bits, bits), append(want, failed)
	}
	add(TypeAbsent, 0, false)
	add(TypeEmpty, 0, false)
	add(TypeBool, 0, false)
	add(TypeBool, 1, true)
	add(TypeInt, 1, false)
	add(TypeFloat, 0, false)
	for i := range dict {
		add(TypeString, uint64(i), i == 0)
	}
	add(TypeBytes, 0, false) // its text is base64
	says := SaysFailed().(Compare)
	for row, want := range want {
		if column, predicate := IsErrorValue(&c, row), says.Holds(c.Value(row)); column != want || predicate != want {
			t.Errorf("%v %q: the column says %v, the predicate %v, want %v", c.Types[row], c.Value(row).Text(), column, predicate, want)
		}
	}
	if status := Failed()[0].(Compare); status.Key != KeyStatus || !status.Holds(Int(2)) || status.Holds(Int(0)) || status.Holds(Int(1)) {
		t.Errorf("the status that failed spans have is %+v", status)
	}
}
