package queryext

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heddle-io/heddle/query/red"
	"github.com/heddle-io/heddle/storage"
)

// failing is a store whose traces cannot be read.
type failing struct {
	storage.SpanReader
	asked chan struct{}
}

func (f failing) ReadTraces(context.Context, storage.TraceScan) (storage.TraceReading, error) {
	f.asked <- struct{}{}
	return nil, errors.New("the disk is gone")
}

func TestPrepareGraphsGoesOn(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	q := &query{graphs: red.NewGraphCache(1 << 20), set: extension.Settings{TelemetrySettings: componenttest.NewNopTelemetrySettings()}}
	q.set.Logger = zap.New(core)
	ctx, stop := context.WithCancel(t.Context())
	store, ticks, ended := failing{asked: make(chan struct{})}, make(chan time.Time), make(chan struct{})
	go func() {
		defer close(ended)
		q.prepareGraphs(ctx, store, ticks)
	}()
	for range 3 {
		<-store.asked
		ticks <- time.Time{}
	}
	<-store.asked
	stop()
	<-ended
	if n := logs.FilterMessage("dependency graphs are not prepared").Len(); n != 1 {
		t.Errorf("%d warnings of one failure that lasts", n)
	}
}
