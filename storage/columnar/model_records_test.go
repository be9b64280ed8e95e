package columnar

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// modelRecord is a span or a log record as a test knows it. All of it follows
// from the id.
type modelRecord struct {
	id      int64
	signal  storage.Signal
	trace   storage.TraceID // may be empty of a log record
	span    storage.SpanID
	parent  storage.SpanID
	startNs int64 // or the time of a log record
	length  int64 // duration of a span
	kind    int   // or severity
	status  int
	service string
	name    string // or body
	user    string
	note    string // "" none; unique text
	event   string // type of the exception, "" no event
}

// The attributes that records have. Ids are unique, users are few.
var (
	modelID    = storage.Key{Scope: storage.ScopeSpan, Name: "test.id"}
	modelUser  = storage.Key{Scope: storage.ScopeSpan, Name: "user"}
	modelNote  = storage.Key{Scope: storage.ScopeSpan, Name: "note"}
	modelEvent = storage.Key{Scope: storage.ScopeEvent, Name: "exception.type"}
)

// logKey is the key of a log record for that of a span.
func logKey(k storage.Key) storage.Key {
	switch {
	case k.Scope == storage.ScopeSpan:
		k.Scope = storage.ScopeLog
	case k == storage.KeyName:
		return storage.KeyBody
	case k == storage.KeyKind:
		return storage.KeySeverity
	}
	return k
}

var (
	modelServices = []string{"front", "cart", "pay", "db"}
	modelNames    = []string{"GET /", "charge", "select"}
)

const modelEpoch = int64(1_700_000_000_000_000_000)

// modelTraces is how many traces there are, of which each has spans of many
// requests.
const modelTraces = 12

func modelTrace(n int) storage.TraceID {
	id := storage.TraceID{1, 2, 3}
	binary.BigEndian.PutUint64(id[8:], uint64(n)+1)
	return id
}

func traceOfRecord(id int64) int {
	return rand.New(rand.NewPCG(uint64(id), 0)).IntN(modelTraces)
}

func newModelRecord(signal storage.Signal, id int64) modelRecord {
	r := rand.New(rand.NewPCG(uint64(id), uint64(signal)))
	m := modelRecord{id: id, signal: signal}
	m.trace = modelTrace(traceOfRecord(id))
	binary.BigEndian.PutUint64(m.span[:], uint64(id)+1)
	for parent := id - 1; parent > max(id-40, 0); parent-- {
		if traceOfRecord(parent) == traceOfRecord(id) && r.IntN(3) > 0 {
			binary.BigEndian.PutUint64(m.parent[:], uint64(parent)+1)
			break
		}
	}
	m.startNs = modelEpoch + r.Int64N(3600e9)
	m.length = r.Int64N(1e6) - 10
	m.kind, m.status = 1+r.IntN(5), r.IntN(3)
	m.service, m.name = modelServices[r.IntN(len(modelServices))], modelNames[r.IntN(len(modelNames))]
	m.user = fmt.Sprint("user-", r.IntN(6))
	if r.IntN(4) == 0 {
		m.note = fmt.Sprintf("note %d %s", id, strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(300)))
	}
	if signal == storage.SignalSpans && r.IntN(5) == 0 {
		m.event = fmt.Sprint("Error", r.IntN(3))
	}
	if signal == storage.SignalLogs {
		m.parent, m.length, m.status = storage.SpanID{}, 0, 0
		if r.IntN(3) == 0 {
			m.trace, m.span = storage.TraceID{}, storage.SpanID{}
		}
	}
	return m
}

// line is all that a record has, as text.
func (m *modelRecord) line() string {
	return fmt.Sprintf("%d %v %v %v %d %d %d %d %s|%s|%s|%s|%s", m.id, m.trace, m.span, m.parent, m.startNs, m.length, m.kind, m.status,
		m.service, m.name, m.user, m.note, m.event)
}

// value is what a record has under the key of a span.
func (m *modelRecord) value(k storage.Key) storage.Value {
	switch k {
	case modelID:
		return storage.Int(m.id)
	case modelUser:
		return storage.String(m.user)
	case modelNote:
		if m.note != "" {
			return storage.String(m.note)
		}
	case modelEvent:
		if m.event != "" {
			return storage.String(m.event)
		}
	case storage.KeyService:
		return storage.String(m.service)
	case storage.KeyName:
		return storage.String(m.name)
	case storage.KeyKind:
		return storage.Int(int64(m.kind))
	case storage.KeyTraceID:
		return storage.Bytes(m.trace[:])
	case storage.KeyDuration:
		return storage.Int(m.length)
	}
	return storage.Value{}
}

func modelSpans(list []modelRecord) ptrace.Traces {
	td := ptrace.NewTraces()
	groups := map[string]ptrace.SpanSlice{}
	for i := range list {
		m := &list[i]
		spans, ok := groups[m.service]
		if !ok {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", m.service)
			spans = rs.ScopeSpans().AppendEmpty().Spans()
			groups[m.service] = spans
		}
		s := spans.AppendEmpty()
		s.SetTraceID(m.trace)
		s.SetSpanID(m.span)
		s.SetParentSpanID(m.parent)
		s.SetStartTimestamp(pcommon.Timestamp(m.startNs))
		s.SetEndTimestamp(pcommon.Timestamp(m.startNs + m.length))
		s.SetKind(ptrace.SpanKind(m.kind))
		s.Status().SetCode(ptrace.StatusCode(m.status))
		s.SetName(m.name)
		s.Attributes().PutInt("test.id", m.id)
		s.Attributes().PutStr("user", m.user)
		if m.note != "" {
			s.Attributes().PutStr("note", m.note)
		}
		if m.event != "" {
			e := s.Events().AppendEmpty()
			e.SetName("exception")
			e.Attributes().PutStr("exception.type", m.event)
		}
	}
	return td
}

func modelLogs(list []modelRecord) plog.Logs {
	ld := plog.NewLogs()
	groups := map[string]plog.LogRecordSlice{}
	for i := range list {
		m := &list[i]
		logs, ok := groups[m.service]
		if !ok {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", m.service)
			logs = rl.ScopeLogs().AppendEmpty().LogRecords()
			groups[m.service] = logs
		}
		l := logs.AppendEmpty()
		l.SetTraceID(m.trace)
		l.SetSpanID(m.span)
		l.SetTimestamp(pcommon.Timestamp(m.startNs))
		l.SetSeverityNumber(plog.SeverityNumber(m.kind))
		l.Body().SetStr(m.name)
		l.Attributes().PutInt("test.id", m.id)
		l.Attributes().PutStr("user", m.user)
		if m.note != "" {
			l.Attributes().PutStr("note", m.note)
		}
	}
	return ld
}

// recordsOfSpans reads back what modelSpans made.
func recordsOfSpans(s *storage.Spans) (list []modelRecord) {
	for i := range s.Len() {
		at := s.Attributes[i]
		m := modelRecord{
			id: s.Lookup(at, modelID.Name).Int(), signal: storage.SignalSpans, trace: s.TraceIDs[i], span: s.SpanIDs[i], parent: s.ParentIDs[i],
			startNs: s.StartsNs[i], length: s.DurationsNs[i], kind: int(s.Kinds[i]), status: int(s.Statuses[i]), service: s.Service(i), name: s.Name(i),
			user: s.Lookup(at, modelUser.Name).Str(), note: s.Lookup(at, modelNote.Name).Str(),
		}
		for _, e := range s.EventsOf(i) {
			m.event = s.Lookup(e.Attributes, modelEvent.Name).Str()
		}
		list = append(list, m)
	}
	return list
}

// recordsOfLogs reads back what modelLogs made.
func recordsOfLogs(l *storage.Logs) (list []modelRecord) {
	for i := range l.Len() {
		m := modelRecord{
			signal: storage.SignalLogs, trace: l.TraceIDs[i], span: l.SpanIDs[i], startNs: l.TimesNs[i], kind: int(l.Severities[i]), name: l.Bodies[i].Str(),
		}
		for _, a := range l.List(l.Attributes[i]) {
			switch v := l.Value(a); l.Strings[a.Key] {
			case modelID.Name:
				m.id = v.Int()
			case modelUser.Name:
				m.user = v.Str()
			case modelNote.Name:
				m.note = v.Str()
			}
		}
		for _, a := range l.List(l.ResourceTable[l.Resources[i]].Attributes) {
			m.service = l.Value(a).Str()
		}
		list = append(list, m)
	}
	return list
}
