package jaeger

import (
	"iter"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/heddle-io/heddle/query/api/grpcwire"
)

// chunksOfSpans yields found spans as OTLP in their order, each chunk encoded no
// longer than about chunkBytes unless it is a single span.
func chunksOfSpans(found iter.Seq2[spansAt, error]) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		var size ptrace.ProtoMarshaler
		chunk, bytes := ptrace.NewTraces(), 0
		var last ofResource
		for at, err := range found {
			if err != nil {
				yield(ptrace.Traces{}, err)
				return
			}
			for _, row := range at.rows {
				one, err := at.spans.ToPdata([]int{row})
				if err != nil {
					yield(ptrace.Traces{}, err)
					return
				}
				n := size.TracesSize(one)
				if bytes > 0 && bytes+n > chunkBytes {
					if !yield(chunk, nil) {
						return
					}
					chunk, bytes, last = ptrace.NewTraces(), 0, ofResource{}
				}
				bytes += n
				// Spans of one scope that follow each other are put together.
				of := ofResource{at, at.spans.Resources[row], at.spans.Scopes[row]}
				if of.same(last) {
					to := chunk.ResourceSpans().At(chunk.ResourceSpans().Len() - 1).ScopeSpans().At(0).Spans()
					one.ResourceSpans().At(0).ScopeSpans().At(0).Spans().MoveAndAppendTo(to)
				} else {
					one.ResourceSpans().MoveAndAppendTo(chunk.ResourceSpans())
				}
				last = of
			}
		}
		if bytes > 0 {
			yield(chunk, nil)
		}
	}
}

// ofResource is what spans that can stand together have in common.
type ofResource struct {
	at              spansAt
	resource, scope uint32
}

func (o ofResource) same(p ofResource) bool {
	return o.at.spans == p.at.spans && o.resource == p.resource && o.scope == p.scope
}

// FindSpansResponse has these fields in both protocols.
const (
	fieldSpans         = 1
	fieldNextPageToken = 3
)

// sendSpans sends found spans, and with the last of them the token of the next
// page.
func sendSpans(f *spansFinding, found iter.Seq2[spansAt, error], out grpc.ServerStream) error {
	var waiting []byte // the chunk that is last unless another one comes
	for chunk, err := range chunksOfSpans(found) {
		if err == nil && waiting != nil {
			err = out.SendMsg(grpcwire.Raw(waiting))
		}
		if err != nil {
			return err
		}
		spans, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(chunk)
		if err != nil {
			return err
		}
		waiting = protowire.AppendBytes(protowire.AppendTag(nil, fieldSpans, protowire.BytesType), spans)
	}
	if waiting == nil && f.next == "" {
		return nil
	}
	if f.next != "" {
		waiting = protowire.AppendString(protowire.AppendTag(waiting, fieldNextPageToken, protowire.BytesType), f.next)
	}
	return out.SendMsg(grpcwire.Raw(waiting))
}

// findSpansV3 answers GET /api/v3/spans.
func (h *Handler) findSpansV3(w http.ResponseWriter, r *http.Request) {
	s, err := paramsV3{r.URL.Query()}.spans()
	if err != nil {
		writeFailureV3(w, err)
		return
	}
	f, found := h.findSpans(r.Context(), s)
	var p *reply
	open := func() {
		p = newReply(w, r)
		p.buf = append(p.buf, `{"spans":{"resourceSpans":[`...)
	}
	for chunk, err := range chunksOfSpans(found) {
		var list []byte
		if err == nil {
			list, err = resourceSpansJSON(chunk)
		}
		switch {
		case err != nil && p != nil:
			panic(http.ErrAbortHandler) // as writeTracesV3
		case err != nil:
			writeFailureV3(w, err)
			return
		case p == nil:
			open()
		default:
			p.buf = append(p.buf, ',')
		}
		if p.buf = append(p.buf, list...); !p.flush() {
			return
		}
	}
	if p == nil {
		open()
	}
	p.buf = append(appendNextPage(append(p.buf, ']', '}'), f.next), '}')
	p.close()
}
