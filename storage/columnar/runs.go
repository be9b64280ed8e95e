package columnar

// run is the rows [from, to).
type run struct{ from, to int }

// runs are rows that are read together: ascending, none empty, none touching
// the next.
type runs []run

// between is the run of the rows [from, to), none when it is empty.
func between(from, to int) runs {
	if from >= to {
		return nil
	}
	return runs{{from, to}}
}

// runsOf collects rows, which ascend, into runs.
func runsOf(rows []uint32) (list runs) {
	for _, row := range rows {
		if n := len(list); n > 0 && list[n-1].to == int(row) {
			list[n-1].to++
			continue
		}
		list = append(list, run{int(row), int(row) + 1})
	}
	return list
}

// len is the number of rows.
func (r runs) len() (n int) {
	for _, one := range r {
		n += one.to - one.from
	}
	return n
}

// begin drops the runs that end at a row or before it.
func (r runs) begin(row int) runs {
	for len(r) > 0 && r[0].to <= row {
		r = r[1:]
	}
	return r
}
