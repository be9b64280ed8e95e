package storagetest

import (
	"testing"

	"github.com/heddle-io/heddle/storage"
)

func runLogs(t *testing.T, open func(t *testing.T) storage.Store) {}
