// Package manifest keeps the list of the parts that exist: the file MANIFEST in
// the data directory. A part that is not in it does not exist, whatever files
// there are; a part that is in it is whole and durable.
//
// The file is a log of edits. An Edit adds and removes parts and changes
// settings, all of it or nothing, and is durable when Apply returns nil. When
// the log is mostly history it is written anew, beside the old file, which the
// new one replaces by a rename.
//
// Open always gives a state. A tail that a crash left unfinished is dropped;
// behind other damage every edit that is still whole is kept, the damaged file
// is kept too, and Report says what is known to be lost. Reconcile compares the
// list with what is in the directories.
//
// DESIGN.md has the format and the argument why a crash at any point is safe.
package manifest
