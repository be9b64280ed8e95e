package storage

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// ToPdata copies the given rows, grouped by resource and scope in the order of
// their first row. A record that had no time of its own has that of its
// observation. It fails only on damaged array or map values.
func (l *Logs) ToPdata(rows []int) (plog.Logs, error) {
	ld := plog.NewLogs()
	attributes := Spans{Attrs: l.Attrs, Strings: l.Strings} // it has the same tables
	resources := map[uint32]plog.ResourceLogs{}
	scopes := map[[2]uint32]plog.ScopeLogs{}
	for _, row := range rows {
		r, sc := l.Resources[row], l.Scopes[row]
		rl, ok := resources[r]
		if !ok {
			rl = ld.ResourceLogs().AppendEmpty()
			res := l.ResourceTable[r]
			rl.SetSchemaUrl(l.Strings[res.SchemaURL])
			rl.Resource().SetDroppedAttributesCount(res.DroppedAttributes)
			if err := attributes.CopyAttributes(res.Attributes, rl.Resource().Attributes()); err != nil {
				return ld, err
			}
			resources[r] = rl
		}
		sl, ok := scopes[[2]uint32{r, sc}]
		if !ok {
			sl = rl.ScopeLogs().AppendEmpty()
			scope := l.ScopeTable[sc]
			sl.SetSchemaUrl(l.Strings[scope.SchemaURL])
			sl.Scope().SetName(l.Strings[scope.Name])
			sl.Scope().SetVersion(l.Strings[scope.Version])
			sl.Scope().SetDroppedAttributesCount(scope.DroppedAttributes)
			if err := attributes.CopyAttributes(scope.Attributes, sl.Scope().Attributes()); err != nil {
				return ld, err
			}
			scopes[[2]uint32{r, sc}] = sl
		}
		record := sl.LogRecords().AppendEmpty()
		record.SetTimestamp(pcommon.Timestamp(l.TimesNs[row]))
		record.SetObservedTimestamp(pcommon.Timestamp(l.ObservedNs[row]))
		record.SetTraceID(l.TraceIDs[row])
		record.SetSpanID(l.SpanIDs[row])
		record.SetSeverityNumber(plog.SeverityNumber(l.Severities[row]))
		record.SetSeverityText(l.Strings[l.SeverityTexts[row]])
		record.SetEventName(l.Strings[l.EventNames[row]])
		record.SetFlags(plog.LogRecordFlags(l.Flags[row]))
		record.SetDroppedAttributesCount(l.DroppedAttrs[row])
		if err := attributes.CopyAttributes(l.Attributes[row], record.Attributes()); err != nil {
			return ld, err
		}
		if l.Bodies[row].Type() != TypeAbsent {
			if err := l.Bodies[row].CopyTo(record.Body()); err != nil {
				return ld, err
			}
		}
	}
	return ld, nil
}
