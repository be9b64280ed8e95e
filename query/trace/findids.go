package trace

import (
	"context"
	"fmt"

	"github.com/heddle-io/heddle/storage"
)

// FindIDs returns the ids of the traces that Find would return, in its order,
// and whether more match. It is for those who fetch the traces a few at a time.
func FindIDs(ctx context.Context, r storage.SpanReader, q Query) (ids []storage.TraceID, more bool, err error) {
	if q.Limit <= 0 {
		return nil, false, fmt.Errorf("trace: limit %d: must be positive", q.Limit)
	}
	ids, err = newestMatches(ctx, r, q, &Found{})
	if len(ids) > q.Limit {
		return ids[:q.Limit], true, err
	}
	return ids, false, err
}
