// Package storageext is the extension heddle_storage: it opens the store and
// hands it to whoever writes to it or queries it.
//
// The store outlives the configuration: a reload stops the extension and
// starts another, which takes over the open store, so that nothing stored is
// lost. It is closed when the process ends; see [Factory].
package storageext
