package telemetry

import (
	otelconf "go.opentelemetry.io/contrib/otelconf/v0.3.0"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// viewOf translates a default view of the collector service, which is stated
// in configuration types. It knows what those views use: a meter and an
// instrument name, dropping, and attributes to leave out; nil otherwise.
func viewOf(v otelconf.View) sdkmetric.View {
	if v.Selector == nil || v.Stream == nil {
		return nil
	}
	match := sdkmetric.Instrument{Scope: instrumentation.Scope{Name: deref(v.Selector.MeterName)}, Name: deref(v.Selector.InstrumentName)}
	var stream sdkmetric.Stream
	switch {
	case v.Stream.Aggregation != nil && v.Stream.Aggregation.Drop != nil:
		stream.Aggregation = sdkmetric.AggregationDrop{}
	case v.Stream.AttributeKeys != nil && len(v.Stream.AttributeKeys.Excluded) > 0:
		var keys []attribute.Key
		for _, k := range v.Stream.AttributeKeys.Excluded {
			keys = append(keys, attribute.Key(k))
		}
		stream.AttributeFilter = attribute.NewDenyKeysFilter(keys...)
	default:
		return nil
	}
	return sdkmetric.NewView(match, stream)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func sdkResource(r *pcommon.Resource) *resource.Resource {
	if r == nil {
		return resource.Empty()
	}
	var attrs []attribute.KeyValue
	for k, v := range r.Attributes().All() {
		attrs = append(attrs, attribute.String(k, v.AsString()))
	}
	return resource.NewSchemaless(attrs...)
}
