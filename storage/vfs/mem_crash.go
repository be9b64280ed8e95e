package vfs

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Crash cuts the power and returns the file system as it is found afterwards.
// What was synced is there. Of what was not, seed decides: of each file's
// writes none, all, the first few with the last one torn, or any sectors may
// have reached the disk; of the changed names none, all, the first few, or any.
// m, its files and locks fail with ErrPowerCut from now on.
func (m *Mem) Crash(seed uint64) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.crashed = true
	after := newMem(seed)
	after.capacity = m.capacity
	for _, i := range survivors(len(m.renames), after.rng) {
		m.renames[i].apply()
	}
	after.root = m.root.recovered(after.rng, map[*memNode]*memNode{})
	return after
}

// survivors picks which of n things that happened in a row reached the disk.
func survivors(n int, rng *rand.Rand) (chosen []int) {
	first, chance := n, 1.0
	switch rng.IntN(4) {
	case 0:
		first = 0
	case 1:
	case 2:
		first = rng.IntN(n + 1)
	case 3:
		chance = rng.Float64()
	}
	for i := range first {
		if rng.Float64() < chance {
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// recovered copies what is durable. A file may have two names when only half
// of a rename's surroundings survived; it stays one file.
func (n *memNode) recovered(rng *rand.Rand, seen map[*memNode]*memNode) *memNode {
	if copied := seen[n]; copied != nil {
		return copied
	}
	copied := &memNode{dir: n.dir}
	seen[n] = copied
	if !n.dir {
		copied.data = n.survivingData(rng)
		copied.disk = slices.Clone(copied.data)
		return copied
	}
	copied.entries = map[string]*memNode{}
	for _, name := range slices.Sorted(maps.Keys(n.durable)) {
		copied.entries[name] = n.durable[name].recovered(rng, seen)
	}
	copied.durable = maps.Clone(copied.entries)
	return copied
}

// nameChange is one step of the directories: all of it happens, or nothing.
type nameChange struct{ entries []entry }

// entry says what a name in a directory means from now on; nil means nothing.
type entry struct {
	dir  *memNode
	name string
	node *memNode
}

func (m *Mem) change(entries ...entry) {
	for _, e := range entries {
		set(e.dir.entries, e)
	}
	m.renames = append(m.renames, &nameChange{entries})
}

func (c *nameChange) apply() {
	for _, e := range c.entries {
		set(e.dir.durable, e)
	}
}

func set(names map[string]*memNode, e entry) {
	if e.node == nil {
		delete(names, e.name)
	} else {
		names[e.name] = e.node
	}
}

func (c *nameChange) touches(dir *memNode) bool {
	return slices.ContainsFunc(c.entries, func(e entry) bool { return e.dir == dir })
}

func (c *nameChange) overlaps(d *nameChange) bool {
	return slices.ContainsFunc(c.entries, func(e entry) bool {
		return slices.ContainsFunc(d.entries, func(o entry) bool { return o.dir == e.dir && o.name == e.name })
	})
}

// makeDurable applies changes, and those before them that changed the same
// names: a disk never goes back behind what it has.
func (m *Mem) makeDurable(changes []*nameChange) {
	chosen := map[*nameChange]bool{}
	for _, c := range changes {
		chosen[c] = true
	}
	for i, c := range slices.Backward(m.renames) {
		if !chosen[c] {
			continue
		}
		for _, earlier := range m.renames[:i] {
			if earlier.overlaps(c) {
				chosen[earlier] = true
			}
		}
	}
	m.renames = slices.DeleteFunc(m.renames, func(c *nameChange) bool {
		if chosen[c] {
			c.apply()
		}
		return chosen[c]
	})
}
