package otlp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/heddle-io/heddle/storage"
)

// The oracle is pdata: both sides of a comparison are written down as text.

// someLimits make many random records too large, each for its own reason.
var someLimits = []storage.Limits{
	storage.DefaultLimits(), {}, {ValueBytes: 4}, {ValueBytes: 20, Attributes: 3, Events: 1}, {Attributes: 1}, {ValueBytes: 290, Attributes: 100, Events: 100},
}

func sameSpans(t *testing.T, body []byte, d *Spans) (accepted bool) {
	t.Helper()
	req := ptraceotlp.NewExportRequest()
	want := req.UnmarshalProto(body)
	got := d.Decode(body)
	deep := tooDeep(d.resourceAttrs, d.scopeAttrs)
	for i := range d.Spans {
		deep = deep || d.Spans[i].entries == TooDeep
	}
	if !agree(t, body, got, want, deep) || want != nil {
		return false
	}
	if g, w := dumpSpans(d), dumpTraces(req.Traces()); g != w {
		t.Fatalf("request %x\n got %s\nwant %s", body, g, w)
	}
	if n, want := CountSpans(body), req.Traces().SpanCount(); n != want {
		t.Fatalf("CountSpans is %d, want %d, of %x", n, want, body)
	}
	// As data it may have fewer spans: pdata does not migrate deprecated scopes.
	td, _ := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
	if err := d.DecodeData(body); err != nil {
		t.Fatal(err)
	}
	if g, w := dumpSpans(d), dumpTraces(td); g != w {
		t.Fatalf("data %x\n got %s\nwant %s", body, g, w)
	}
	return true
}

func sameLogs(t *testing.T, body []byte, d *Logs) (accepted bool) {
	t.Helper()
	req := plogotlp.NewExportRequest()
	want := req.UnmarshalProto(body)
	got := d.Decode(body)
	deep := tooDeep(d.resourceAttrs, d.scopeAttrs)
	for i := range d.Records {
		deep = deep || d.Records[i].entries == TooDeep
	}
	if !agree(t, body, got, want, deep) || want != nil {
		return false
	}
	if g, w := dumpRecords(d), dumpLogs(req.Logs()); g != w {
		t.Fatalf("request %x\n got %s\nwant %s", body, g, w)
	}
	if n, want := CountLogs(body), req.Logs().LogRecordCount(); n != want {
		t.Fatalf("CountLogs is %d, want %d, of %x", n, want, body)
	}
	return true
}

// agree fails the test unless both accept or both refuse. The exception is
// that of the package comment: damage that is too deep to be looked for.
func agree(t *testing.T, body []byte, got, want error, deep bool) bool {
	t.Helper()
	if got != nil && !errors.Is(got, storage.ErrMalformed) {
		t.Fatalf("%v is not ErrMalformed", got)
	}
	if (got == nil) == (want == nil) {
		return true
	}
	if got == nil && deep {
		return false
	}
	t.Fatalf("request %x: got error %v, pdata has %v", body, got, want)
	return false
}

func tooDeep(lists ...[]Attr) bool {
	for _, list := range lists {
		for i := range list {
			if list[i].Entries == TooDeep {
				return true
			}
		}
	}
	return false
}

type dump struct{ strings.Builder }

func (d *dump) add(format string, args ...any) { fmt.Fprintf(d, format, args...) }

func (d *dump) checked(reason storage.Reason, detail string, ok bool) {
	d.add(" check=%s:%q:%v", reason, detail, ok)
}

func dumpTraces(td ptrace.Traces) string {
	var d dump
	for _, rs := range td.ResourceSpans().All() {
		d.add("\nresource %q dropped=%d", rs.SchemaUrl(), rs.Resource().DroppedAttributesCount())
		d.pdataMap(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			d.add("\n scope %q %q %q dropped=%d", ss.Scope().Name(), ss.Scope().Version(), ss.SchemaUrl(), ss.Scope().DroppedAttributesCount())
			d.pdataMap(ss.Scope().Attributes())
			for _, s := range ss.Spans().All() {
				d.add("\n  span %s %s %s %d %d %q state=%q %d %q %d flags=%d dropped=%d %d %d", s.TraceID(), s.SpanID(), s.ParentSpanID(),
					uint64(s.StartTimestamp()), uint64(s.EndTimestamp()), s.Name(), s.TraceState().AsRaw(), int32(s.Kind()), s.Status().Message(), int32(s.Status().Code()),
					s.Flags(), s.DroppedAttributesCount(), s.DroppedEventsCount(), s.DroppedLinksCount())
				d.pdataMap(s.Attributes())
				for _, e := range s.Events().All() {
					d.add("\n   event %d %q %d", uint64(e.Timestamp()), e.Name(), e.DroppedAttributesCount())
					d.pdataMap(e.Attributes())
				}
				for _, l := range s.Links().All() {
					d.add("\n   link %s %s %q %d %d", l.TraceID(), l.SpanID(), l.TraceState().AsRaw(), l.Flags(), l.DroppedAttributesCount())
					d.pdataMap(l.Attributes())
				}
				for _, l := range someLimits {
					d.checked(l.CheckSpan(s))
				}
			}
		}
	}
	return d.String()
}

func dumpSpans(m *Spans) string {
	var d dump
	for i := range m.Resources {
		d.resource(&m.Message, &m.Resources[i])
		for j := m.Resources[i].Scopes.From; j < m.Resources[i].Scopes.To; j++ {
			sc := &m.Scopes[j]
			d.scope(&m.Message, sc)
			for k := sc.Records.From; k < sc.Records.To; k++ {
				s := &m.Spans[k]
				d.add("\n  span %s %s %s %d %d %q state=%q %d %q %d flags=%d dropped=%d %d %d", s.TraceID, s.SpanID, s.ParentID,
					s.StartNs, s.EndNs, m.String(s.Name), m.String(s.TraceState), s.Kind, m.String(s.StatusMessage), s.StatusCode,
					s.Flags, s.Dropped.Attributes, s.Dropped.Events, s.Dropped.Links)
				d.list(&m.Message, m.Attrs(s))
				for _, e := range m.Events(s) {
					d.add("\n   event %d %q %d", e.TimeNs, m.String(e.Name), e.Dropped)
					d.list(&m.Message, m.EventAttrs(&e))
				}
				for _, l := range m.Links(s) {
					d.add("\n   link %s %s %q %d %d", l.TraceID, l.SpanID, m.String(l.TraceState), l.Flags, l.Dropped)
					d.list(&m.Message, m.LinkAttrs(&l))
				}
				for _, l := range someLimits {
					d.checked(m.Check(l, s))
				}
			}
		}
	}
	return d.String()
}

func dumpLogs(ld plog.Logs) string {
	var d dump
	for _, rl := range ld.ResourceLogs().All() {
		d.add("\nresource %q dropped=%d", rl.SchemaUrl(), rl.Resource().DroppedAttributesCount())
		d.pdataMap(rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			d.add("\n scope %q %q %q dropped=%d", sl.Scope().Name(), sl.Scope().Version(), sl.SchemaUrl(), sl.Scope().DroppedAttributesCount())
			d.pdataMap(sl.Scope().Attributes())
			for _, r := range sl.LogRecords().All() {
				d.add("\n  record %s %s %d %d %d %q %q %d %d body=", r.TraceID(), r.SpanID(), uint64(r.Timestamp()), uint64(r.ObservedTimestamp()),
					int32(r.SeverityNumber()), r.SeverityText(), r.EventName(), uint32(r.Flags()), r.DroppedAttributesCount())
				d.pdataValue(r.Body())
				d.pdataMap(r.Attributes())
				for _, l := range someLimits {
					d.checked(l.CheckLog(r))
				}
			}
		}
	}
	return d.String()
}

func dumpRecords(m *Logs) string {
	var d dump
	for i := range m.Resources {
		d.resource(&m.Message, &m.Resources[i])
		for j := m.Resources[i].Scopes.From; j < m.Resources[i].Scopes.To; j++ {
			d.scope(&m.Message, &m.Scopes[j])
			for k := m.Scopes[j].Records.From; k < m.Scopes[j].Records.To; k++ {
				r := &m.Records[k]
				d.add("\n  record %s %s %d %d %d %q %q %d %d body=", r.TraceID, r.SpanID, r.TimeNs, r.ObservedNs,
					r.SeverityNumber, m.String(r.SeverityText), m.String(r.EventName), r.Flags, r.Dropped)
				d.value(&m.Message, &r.Body)
				d.list(&m.Message, m.Attrs(r))
				for _, l := range someLimits {
					d.checked(m.Check(l, r))
				}
			}
		}
	}
	return d.String()
}

func (d *dump) resource(m *Message, r *Resource) {
	d.add("\nresource %q dropped=%d", m.String(r.SchemaURL), r.Dropped)
	d.list(m, m.ResourceAttrs(r))
}

func (d *dump) scope(m *Message, s *Scope) {
	d.add("\n scope %q %q %q dropped=%d", m.String(s.Name), m.String(s.Version), m.String(s.SchemaURL), s.Dropped)
	d.list(m, m.ScopeAttrs(s))
}

func (d *dump) list(m *Message, list []Attr) {
	for i := range list {
		d.add(" %q=", m.String(list[i].Key))
		d.value(m, &list[i])
	}
	for _, l := range someLimits {
		d.checked(m.CheckAttrs(l, list))
	}
}

func (d *dump) value(m *Message, a *Attr) {
	switch a.Type {
	case storage.TypeInt, storage.TypeFloat, storage.TypeBool, storage.TypeEmpty:
		d.add("%s:%d", a.Type, a.Bits)
	default:
		if a.Entries == TooDeep {
			d.add("%s:too deep", a.Type)
		} else {
			d.add("%s:%q", a.Type, m.String(a.Text()))
		}
	}
}

func (d *dump) pdataMap(m pcommon.Map) {
	for k, v := range m.All() {
		d.add(" %q=", k)
		d.pdataValue(v)
	}
	for _, l := range someLimits {
		d.checked(l.CheckAttributes(m))
	}
}

func (d *dump) pdataValue(v pcommon.Value) {
	one := pcommon.NewMap()
	v.CopyTo(one.PutEmpty("k"))
	if _, _, ok := (storage.Limits{}).CheckAttributes(one); !ok {
		d.add("%s:too deep", storage.ValueOf(v).Type())
		return
	}
	switch val := storage.ValueOf(v); val.Type() {
	case storage.TypeInt:
		d.add("int:%d", uint64(val.Int()))
	case storage.TypeFloat:
		d.add("double:%d", floatBits(v.Double()))
	case storage.TypeBool:
		d.add("bool:%d", map[bool]int{true: 1}[v.Bool()])
	case storage.TypeEmpty:
		d.add("empty:0")
	case storage.TypeString:
		d.add("string:%q", v.Str())
	case storage.TypeBytes:
		d.add("bytes:%q", v.Bytes().AsRaw())
	default:
		d.add("%s:%q", val.Type(), storage.AppendAnyValue(nil, v))
	}
}
