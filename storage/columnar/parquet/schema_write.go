package parquet

import "fmt"

// checkColumns reports the first rule of Column that is broken.
func checkColumns(columns []Column) error {
	if len(columns) == 0 || len(columns) > MaxColumns {
		return fmt.Errorf("%w: %d columns, there must be 1 to %d", ErrInvalid, len(columns), MaxColumns)
	}
	type leaf struct{ list, name string }
	seen := make(map[leaf]bool, len(columns))
	for i := range columns {
		c := &columns[i]
		if err := checkColumn(c); err != nil {
			return err
		}
		if c.List != "" && (i == 0 || columns[i-1].List != c.List) {
			if seen[leaf{"", c.List}] {
				return fmt.Errorf("%w: list %q is there twice, or has the name of a column: columns of one list must be adjacent", ErrInvalid, c.List)
			}
			seen[leaf{"", c.List}] = true
		}
		if seen[leaf{c.List, c.Name}] {
			return fmt.Errorf("%w: two columns have the name %q", ErrInvalid, c.path())
		}
		seen[leaf{c.List, c.Name}] = true
	}
	return nil
}

func checkColumn(c *Column) error {
	switch {
	case c.Name == "":
		return fmt.Errorf("%w: a column has no name", ErrInvalid)
	case int(c.Kind) >= len(physical):
		return fmt.Errorf("%w: column %q has kind %d, which does not exist", ErrInvalid, c.path(), c.Kind)
	case int(c.Logical) >= len(logicals):
		return fmt.Errorf("%w: column %q has logical type %d, which does not exist", ErrInvalid, c.path(), c.Logical)
	case c.Logical != None && logicals[c.Logical].kind != c.Kind:
		return fmt.Errorf("%w: logical type %d of column %q does not fit its kind %d", ErrInvalid, c.Logical, c.path(), c.Kind)
	case (c.Kind == Fixed) != (c.Length > 0) || c.Length < 0 || c.Length > MaxLength:
		return fmt.Errorf("%w: column %q has length %d; Fixed columns have 1 to %d, others 0", ErrInvalid, c.path(), c.Length, MaxLength)
	case c.Logical == UUID && c.Length != 16:
		return fmt.Errorf("%w: column %q is a UUID of %d bytes, there must be 16", ErrInvalid, c.path(), c.Length)
	}
	return nil
}

// writeSchema writes the list of schema elements, depth first. The names
// "list" and "element" are those that the format prescribes.
func writeSchema(w *thriftWriter, columns []Column) {
	elements, top := 1, 0
	for i := range columns {
		elements++
		switch {
		case columns[i].List == "":
			top++
		case i == 0 || columns[i-1].List != columns[i].List:
			elements += 3
			top++
		}
	}
	w.list(2, thriftStruct, elements)
	w.open(0)
	w.string(4, "heddle")
	w.i32(5, int32(top))
	w.close()
	for i := range columns {
		if list := columns[i].List; list != "" && (i == 0 || columns[i-1].List != list) {
			members := 1
			for i+members < len(columns) && columns[i+members].List == list {
				members++
			}
			writeList(w, list, members)
		}
		writeLeaf(w, &columns[i])
	}
}

func writeList(w *thriftWriter, name string, members int) {
	w.open(0)
	w.i32(3, repetitionRequired)
	w.string(4, name)
	w.i32(5, 1)
	w.i32(6, convertedList)
	w.open(10)
	w.open(logicalList)
	w.close()
	w.close()
	w.close()

	w.open(0)
	w.i32(3, repetitionRepeated)
	w.string(4, "list")
	w.i32(5, 1)
	w.close()

	w.open(0)
	w.i32(3, repetitionRequired)
	w.string(4, "element")
	w.i32(5, int32(members))
	w.close()
}

func writeLeaf(w *thriftWriter, c *Column) {
	w.open(0)
	w.i32(1, physical[c.Kind])
	if c.Kind == Fixed {
		w.i32(2, int32(c.Length))
	}
	if c.Optional {
		w.i32(3, repetitionOptional)
	} else {
		w.i32(3, repetitionRequired)
	}
	w.string(4, c.Name)
	if l := logicals[c.Logical]; c.Logical != None {
		if l.converted >= 0 {
			w.i32(6, l.converted)
		}
		w.open(10)
		w.open(l.field)
		switch l.field {
		case logicalTimestamp:
			w.bool(1, true) // adjusted to UTC
			w.open(2)
			w.open(3) // nanoseconds
			w.close()
			w.close()
		case logicalInteger:
			w.field(1, thriftByte)
			w.b = append(w.b, l.bits)
			w.bool(2, false) // signed
		}
		w.close()
		w.close()
	}
	w.close()
}
