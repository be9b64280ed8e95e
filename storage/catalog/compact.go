package catalog

import "github.com/dgraph-io/badger/v4"

// compact merges the tables when there are more than badger wants. badger's
// own compactors would look for that many times a second, which is what an idle
// process would spend its time on, while a catalog writes a table an hour. It
// is called before badger would make a writer wait for it: that takes
// 3*freshTables, and what is written between two calls makes two at most.
// The caller holds write.
func (c *Catalog) compact() {
	c.written = 0
	if fresh(c.db) <= freshTables {
		return
	}
	if err := c.db.Flatten(1); err != nil {
		c.log.Warn("merging the tables of the catalog failed and is tried again later", "error", err)
	}
}

// fresh is the number of tables that were not merged.
func fresh(db *badger.DB) int {
	for _, l := range db.Levels() {
		if l.Level == 0 {
			return l.NumTables
		}
	}
	return 0
}
