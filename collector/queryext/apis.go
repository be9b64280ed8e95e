package queryext

import (
	"github.com/heddle-io/heddle/query/api/jaeger"
	"github.com/heddle-io/heddle/query/api/native"
)

// apis lists the query APIs.
func (q *query) apis(stores StorageExtension) []api {
	jaegerAPI := jaeger.NewHandler(jaeger.Options{
		Spans:   stores.Store().Spans(),
		Archive: stores.Archive().Spans(),
	})
	return []api{
		{
			name:     "native",
			patterns: []string{"/heddle/v1/"},
			handler: native.NewHandler(native.Options{
				Store:   stores.Store(),
				Archive: stores.Archive(),
				Version: q.set.BuildInfo.Version,
			}),
		},
		{name: "jaeger", patterns: []string{"/api/"}, handler: jaegerAPI},
		{name: "jaeger", patterns: []string{"/jaeger/api/"}, strip: "/jaeger", handler: jaegerAPI},
	}
}
