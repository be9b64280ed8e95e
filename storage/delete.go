package storage

import "context"

// Deleter is a Store that can delete records on demand, as a person's right to
// be forgotten demands. Capabilities.Delete says whether it does.
type Deleter interface {
	// Delete deletes every record stored so far that the deletion names. When
	// it returns nil, the order survives a crash, the records are not in any
	// answer that is asked for from now on, and they are gone from disk by
	// DeletionStatus.DeadlineNs. Records that arrive later are not deleted.
	Delete(ctx context.Context, d Deletion) (DeletionStatus, error)
	// Deletions lists orders, the newest first: every pending one, and one that
	// was carried out until the store forgets it.
	Deletions(ctx context.Context) ([]DeletionStatus, error)
}

// Deletion names records: those of a trace, its logs included, or those that
// have a value under a key. Exactly one of TraceID and Key is set.
type Deletion struct {
	TraceID TraceID
	Key     Key
	Value   Value  // a scalar
	Reason  string // for those who read the list of deletions
}

// DeletionStatus is a deletion and how far it is.
type DeletionStatus struct {
	Deletion
	ID          uint64
	CreatedNs   int64
	DeadlineNs  int64
	DoneNs      int64  // 0: it is not carried out on disk yet
	RowsDeleted uint64 // from disk, once it is done; a restart before that may make it too low
}
