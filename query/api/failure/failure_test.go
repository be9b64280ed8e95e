package failure

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/heddle-io/heddle/storage"
)

func TestFailures(t *testing.T) {
	for err, want := range map[error]string{
		storage.ErrTooLarge:      "400 InvalidArgument",
		storage.ErrOverloaded:    "503 Unavailable",
		storage.ErrClosed:        "503 Unavailable",
		errors.ErrUnsupported:    "501 Unimplemented",
		context.Canceled:         "499 Canceled",
		context.DeadlineExceeded: "504 DeadlineExceeded",
		errors.New("disk"):       "500 Internal",
	} {
		status := Status(fmt.Errorf("wrapped: %w", err))
		if got := fmt.Sprint(status, " ", Code(status)); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
	if got := Code(404); got != codes.NotFound {
		t.Error(got)
	}
}
