package storagetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/heddle-io/heddle/storage"
)

// logModel is what a store should hold, kept as pdata and looked at one record
// at a time.
type logModel struct{ all []plog.Logs }

// logRow is one record with where it comes from.
type logRow struct {
	resource plog.ResourceLogs
	scope    plog.ScopeLogs
	record   plog.LogRecord
}

func (r logRow) timeNs() int64 {
	if r.record.Timestamp() == 0 {
		return int64(r.record.ObservedTimestamp())
	}
	return int64(r.record.Timestamp())
}

func (m *logModel) rows(w storage.Window, p storage.Predicate, f func(logRow)) {
	for _, ld := range m.all {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, rec := range sl.LogRecords().All() {
					if r := (logRow{rl, sl, rec}); w.Contains(r.timeNs()) && r.satisfies(p) {
						f(r)
					}
				}
			}
		}
	}
}

func (r logRow) satisfies(p storage.Predicate) bool {
	switch p := p.(type) {
	case nil:
		return true
	case storage.And:
		for _, one := range p {
			if !r.satisfies(one) {
				return false
			}
		}
		return true
	case storage.Or:
		for _, one := range p {
			if r.satisfies(one) {
				return true
			}
		}
		return false
	case storage.Not:
		return !r.satisfies(p.Of)
	case storage.Exists:
		return r.value(p.Key).Type() != storage.TypeAbsent
	case storage.Compare:
		return p.Holds(r.value(p.Key))
	}
	panic(fmt.Sprintf("unknown predicate %T", p))
}

func (r logRow) value(k storage.Key) storage.Value {
	switch k.Scope {
	case storage.ScopeResource:
		return firstOf(r.resource.Resource().Attributes(), k.Name)
	case storage.ScopeInstrumentation:
		return firstOf(r.scope.Scope().Attributes(), k.Name)
	case storage.ScopeLog:
		return firstOf(r.record.Attributes(), k.Name)
	}
	trace, span := r.record.TraceID(), r.record.SpanID()
	switch k {
	case storage.KeyTraceID:
		return storage.Bytes(trace[:])
	case storage.KeySpanID:
		return storage.Bytes(span[:])
	case storage.KeyTime:
		return storage.Int(r.timeNs())
	case storage.KeySeverity:
		return storage.Int(int64(r.record.SeverityNumber()))
	case storage.KeySeverityText:
		return storage.String(r.record.SeverityText())
	case storage.KeyEventName:
		return storage.String(r.record.EventName())
	case storage.KeyBody:
		return storage.ValueOf(r.record.Body())
	case storage.KeyScopeName:
		return storage.String(r.scope.Scope().Name())
	case storage.KeyScopeVersion:
		return storage.String(r.scope.Scope().Version())
	}
	return storage.Value{}
}

func firstOf(m pcommon.Map, key string) storage.Value {
	if v, ok := m.Get(key); ok {
		return storage.ValueOf(v)
	}
	return storage.Value{}
}

func (r logRow) dump() string {
	var b strings.Builder
	rec := r.record
	fmt.Fprintf(&b, "time %d observed %d trace %x span %x severity %d %q event %q flags %d dropped %d body %s", r.timeNs(), rec.ObservedTimestamp(),
		rec.TraceID(), rec.SpanID(), rec.SeverityNumber(), rec.SeverityText(), rec.EventName(), rec.Flags(), rec.DroppedAttributesCount(), show(storage.ValueOf(rec.Body())))
	list := func(what string, m pcommon.Map) {
		fmt.Fprintf(&b, "\n  %s", what)
		for k, v := range m.All() {
			fmt.Fprintf(&b, " %q=%s", k, show(storage.ValueOf(v)))
		}
	}
	res, scope := r.resource.Resource(), r.scope.Scope()
	list("attributes", rec.Attributes())
	list(fmt.Sprintf("resource %q dropped %d", r.resource.SchemaUrl(), res.DroppedAttributesCount()), res.Attributes())
	list(fmt.Sprintf("scope %q %q %q dropped %d", scope.Name(), scope.Version(), r.scope.SchemaUrl(), scope.DroppedAttributesCount()), scope.Attributes())
	return b.String()
}

// dumpLog is the same text for a record that came out of a store.
func dumpLog(l *storage.Logs, i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "time %d observed %d trace %x span %x severity %d %q event %q flags %d dropped %d body %s", l.TimesNs[i], l.ObservedNs[i],
		l.TraceIDs[i], l.SpanIDs[i], l.Severities[i], l.Strings[l.SeverityTexts[i]], l.Strings[l.EventNames[i]], l.Flags[i], l.DroppedAttrs[i], show(l.Bodies[i]))
	list := func(what string, r storage.Range) {
		fmt.Fprintf(&b, "\n  %s", what)
		for _, a := range l.List(r) {
			fmt.Fprintf(&b, " %q=%s", l.Strings[a.Key], show(l.Value(a)))
		}
	}
	res, scope := l.ResourceTable[l.Resources[i]], l.ScopeTable[l.Scopes[i]]
	list("attributes", l.Attributes[i])
	list(fmt.Sprintf("resource %q dropped %d", l.Strings[res.SchemaURL], res.DroppedAttributes), res.Attributes)
	list(fmt.Sprintf("scope %q %q %q dropped %d", l.Strings[scope.Name], l.Strings[scope.Version], l.Strings[scope.SchemaURL], scope.DroppedAttributes), scope.Attributes)
	return b.String()
}

// randomLogs returns n records with values from the vocabulary of spans.
func randomLogs(r *rand.Rand, n int) plog.Logs {
	ld := plog.NewLogs()
	for left := n; left > 0; {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.SetSchemaUrl(pick(r, []string{"", "https://example.org/1"}))
		rl.Resource().Attributes().PutStr("service.name", pick(r, services))
		randomMap(r, rl.Resource().Attributes(), 2)
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName(pick(r, []string{"", "lib"}))
		for range 1 + r.IntN(20) {
			rec := sl.LogRecords().AppendEmpty()
			at := pcommon.Timestamp(epoch + r.Int64N(hour))
			switch r.IntN(4) {
			case 0:
				rec.SetObservedTimestamp(at) // the only time that it has
			case 1:
				rec.SetTimestamp(at)
			default:
				rec.SetTimestamp(at)
				rec.SetObservedTimestamp(at + 5)
			}
			if r.IntN(2) == 0 {
				rec.SetTraceID(pcommon.TraceID{1, byte(r.IntN(9))})
				rec.SetSpanID(pcommon.SpanID{2, byte(r.IntN(9))})
				rec.SetFlags(1)
			}
			rec.SetSeverityNumber(plog.SeverityNumber(r.IntN(25)))
			rec.SetSeverityText(pick(r, []string{"", "INFO", "ERROR"}))
			rec.SetEventName(pick(r, []string{"", "", "click"}))
			rec.SetDroppedAttributesCount(uint32(r.IntN(2)))
			if r.IntN(3) > 0 {
				rec.Body().SetStr(fmt.Sprintf("request %d took %d ms", r.IntN(500), r.IntN(9)))
			} else {
				randomValue(r, rec.Body(), 0)
			}
			randomMap(r, rec.Attributes(), 4)
			left--
		}
	}
	return ld
}

// everyLogField is a record with every field and every type of value.
func everyLogField() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.SetSchemaUrl("https://example.org/resource")
	rl.Resource().SetDroppedAttributesCount(7)
	everyType(rl.Resource().Attributes())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.SetSchemaUrl("https://example.org/scope")
	sl.Scope().SetName("lib")
	sl.Scope().SetVersion("1")
	sl.Scope().SetDroppedAttributesCount(8)
	everyType(sl.Scope().Attributes())
	bodies := pcommon.NewMap()
	everyType(bodies)
	for _, body := range bodies.All() {
		rec := sl.LogRecords().AppendEmpty()
		rec.SetTimestamp(pcommon.Timestamp(epoch))
		rec.SetObservedTimestamp(math.MaxInt64)
		rec.SetTraceID(pcommon.TraceID{1, 15: 255})
		rec.SetSpanID(pcommon.SpanID{2, 7: 255})
		rec.SetSeverityNumber(plog.SeverityNumberFatal4)
		rec.SetSeverityText("worst")
		rec.SetEventName("event")
		rec.SetFlags(plog.LogRecordFlags(math.MaxUint32))
		rec.SetDroppedAttributesCount(math.MaxUint32)
		body.CopyTo(rec.Body())
		everyType(rec.Attributes())
	}
	sl.LogRecords().AppendEmpty() // with nothing in it
	return ld
}
