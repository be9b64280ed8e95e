// Package catalog keeps the small, durable facts of the embedded store: what
// was asked to be deleted, what services, operations and keys there are, what
// people saved, and what background jobs remember. It never holds a span or a
// log record, and no key per span.
//
// A Catalog is a badger database with synchronous writes. A nil error of a
// method that changes something means that the change survives a crash and a
// power cut. badger does its own file I/O, through memory maps and not through
// package vfs; DESIGN.md tells what follows from that, how the keys and values
// are laid out, and what it costs.
//
// Facts belong to a tenant, named by a string; the empty name is
// DefaultTenant. The parts of a Catalog are small handles that may be copied
// and are safe for concurrent use:
//
//	c.Tombstones()       what was deleted, of all tenants
//	c.Vocabulary(tenant) services, operations, keys
//	c.Objects(tenant)    saved documents with revisions
//	c.Settings(tenant)   names and bytes for jobs
package catalog
