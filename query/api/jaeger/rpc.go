package jaeger

import (
	"errors"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/heddle-io/heddle/query/api/failure"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// RegisterGRPC registers the gRPC services that the package's documentation
// lists. The server must have the codec grpcwire.Codec.
func (h *Handler) RegisterGRPC(r grpc.ServiceRegistrar) {
	v2 := &queryV2{h}
	r.RegisterService(v2.describe(), v2)
	apiv3.RegisterQueryServiceServer(r, &queryV3{Handler: h})
	apiv3.RegisterCapabilitiesServer(r, capabilitiesV3{})
	storagev2.RegisterTraceReaderServer(r, &remoteTraces{Handler: h})
	storagev2.RegisterDependencyReaderServer(r, &remoteDependencies{Handler: h})
	storagev2.RegisterCapabilitiesServer(r, remoteCapabilities{})
	if h.Writer != nil {
		e := &export{h.Writer}
		r.RegisterService(e.describe(), e)
	}
}

// chunkBytes is how large a message of a stream becomes, unless a single span
// is larger. Clients take 4 MiB by default.
const chunkBytes = 1 << 20

// badRequestError is an error that the client can mend.
type badRequestError struct{ error }

func (e badRequestError) Unwrap() error { return e.error }

// rpcError gives an error the gRPC code that corresponds to the HTTP status
// code it has otherwise.
func rpcError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err // the stream's
	}
	code := failure.Code(failureCode(err))
	switch {
	case errors.As(err, &badRequestError{}):
	case errors.Is(err, storage.ErrTooLarge):
		code = codes.ResourceExhausted
	case errors.Is(err, errNoArchive):
		code = codes.FailedPrecondition
	}
	return status.Error(code, err.Error())
}

// sendAll sends the traces of a sequence and says how many they were.
func sendAll(traces iter.Seq2[*trace.Trace, error], send func(*trace.Trace) error) (n int, err error) {
	for t, err := range traces {
		if err == nil {
			err = send(t)
		}
		if err != nil {
			return n, rpcError(err)
		}
		n++
	}
	return n, nil
}

// sendOne sends a trace, which must be there.
func sendOne(traces iter.Seq2[*trace.Trace, error], send func(*trace.Trace) error) error {
	n, err := sendAll(traces, send)
	if err == nil && n == 0 {
		err = rpcError(errTraceNotFound)
	}
	return err
}
