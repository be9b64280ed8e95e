package columnar

// addPart makes room for everything that is in a part.
func (p *spanPart) addPart(f *partFile) {
	p.addKinds(f.attrs.keys, f.events.keys, f.links.keys)
	p.addOrigins(&f.origins)
}

// addPart is that of spans for log records.
func (p *logPart) addPart(f *partFile) {
	p.addKinds(f.attrs.keys, f.body.keys)
	for _, pair := range f.origins.pairs {
		p.origins.addEntities(f.origins.resources[pair.resource], f.origins.scopes[pair.scope])
	}
}

// addShown makes room for the rows of a row group that are not hidden, and says
// how many there are. What only hidden rows have leaves no trace in the part:
// they may have been asked to be deleted.
func (p *spanPart) addShown(t *spanRows, hidden bitmap) int {
	shown := shownRows(hidden, t.n)
	if len(shown) == 0 {
		return 0
	}
	f, fixed := t.part, &t.part.fixed
	p.addKinds(t.usedKeys(&f.attrs, fixed.shape, shown), t.usedKeysOf(&f.events, fixed.eventShape, fixed.eventTime, hidden), t.usedKeysOf(&f.links, fixed.linkShape, fixed.linkTrace, hidden))
	p.origins.addUsed(t.rowGroup, shown)
	return len(shown)
}

// addShown is that of spans for log records.
func (p *logPart) addShown(t *logRows, hidden bitmap) int {
	shown := shownRows(hidden, t.n)
	if len(shown) > 0 {
		p.addKinds(t.usedKeys(&t.part.attrs, t.part.fixed.shape, shown), t.part.body.keys)
		p.origins.addUsed(t.rowGroup, shown)
	}
	return len(shown)
}

// shownRows lists the rows that are not hidden.
func shownRows(hidden bitmap, n int) []uint32 {
	shown := fullBitmap(n)
	if hidden != nil {
		shown.andNot(hidden)
	}
	return shown.rows()
}

// usedKeys lists the columns of attributes that rows have.
func (g *rowGroup) usedKeys(l *listColumns, shape int, rows []uint32) []columnKey {
	shapes := g.checked(ints[uint32](g.column(shape), g.all()), l.shapes.len())
	used := make([]bool, l.shapes.len())
	for _, row := range rows {
		used[shapes[row]] = true
	}
	return l.keysOf(used)
}

// usedKeysOf is usedKeys for the events or links of the rows that are not
// hidden; id is any column of theirs that every one has.
func (g *rowGroup) usedKeysOf(l *listColumns, shape, id int, hidden bitmap) []columnKey {
	shapes := g.checked(ints[uint32](g.column(shape), g.all()), l.shapes.len())
	used := make([]bool, l.shapes.len())
	for i, owner := range g.owners(id, g.all()) {
		if hidden == nil || !hidden.has(int(owner)) {
			used[shapes[i]] = true
		}
	}
	return l.keysOf(used)
}

// keysOf lists the columns that some shapes have.
func (l *listColumns) keysOf(used []bool) (keys []columnKey) {
	columns := make([]bool, len(l.keys))
	for shape, yes := range used {
		if !yes {
			continue
		}
		for _, id := range l.shapes.at(uint32(shape)) {
			if id != overflowID {
				columns[id] = true
			}
		}
	}
	for i, yes := range columns {
		if yes {
			keys = append(keys, l.keys[i])
		}
	}
	return keys
}

// addUsed adds where rows come from, and nothing of the others.
func (b *originsBuilder) addUsed(g *rowGroup, rows []uint32) {
	codes, o := g.originCodes(g.all()), &g.part.origins
	used := make([]bool, len(o.pairs))
	for _, row := range rows {
		used[codes[row]] = true
	}
	for i, yes := range used {
		if pair := o.pairs[i]; yes {
			b.addEntities(o.resources[pair.resource], o.scopes[pair.scope])
		}
	}
}
