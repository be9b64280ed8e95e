package queryext

import (
	"context"
	"math"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // for clients that compress
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/heddle-io/heddle/query/api/grpcwire"
)

// GRPCServer is what a query API may be in addition to an http.Handler: it has
// gRPC services on the same listener. They get the time limit, the counters and
// the credentials that its routes have; a handler must end when its context
// does, and must not send messages of more than 4 MiB, which is what clients
// take by default. The server's codec is grpcwire.Codec.
type GRPCServer interface {
	RegisterGRPC(grpc.ServiceRegistrar)
}

// rpc answers the calls of content type application/grpc.
//
// They run on grpc.Server.ServeHTTP, behind the HTTP/2 of net/http: one port
// then needs no guessing of protocols from first bytes, which does not work
// behind TLS, and authentication, middleware and draining are the same for
// both. Streaming is as fast (BenchmarkStreaming); deadlines, cancellation,
// trailers and the client's keepalive pings work. What that lacks against
// gRPC's own transport are its window tuning and connection ages, which matter
// to long uploads from far away and to load balancing, not to queries.
type rpc struct {
	q        *query
	prefixes []string // paths below which services are found too, longest first
	opened   atomic.Pointer[services]
	health   *health.Server
	probes   *grpc.Server       // health alone, for those without credentials
	grace    time.Duration      // beyond the time of a call, until its stream is cut off
	drain    context.Context    // done when watches have to end
	stopping context.CancelFunc // ends drain
}

// services are what the opened APIs have registered.
type services struct {
	*grpc.Server
	apiOf map[string]string // full method -> name of its API
}

const healthService = "/grpc.health.v1.Health/"

func (q *query) newRPC() *rpc {
	r := &rpc{q: q, health: health.NewServer(), grace: writeGrace, prefixes: []string{""}}
	r.drain, r.stopping = context.WithCancel(context.Background())
	r.SetReady(false)
	r.probes = grpc.NewServer(r.options()...)
	grpc_health_v1.RegisterHealthServer(r.probes, r.health)
	base := string(q.config.BasePath)
	for _, a := range q.apis {
		for _, m := range a.mounts {
			r.prefixes = append(r.prefixes, m.strip, base, base+m.strip)
		}
	}
	slices.SortFunc(r.prefixes, func(a, b string) int { return len(b) - len(a) })
	return r
}

func (r *rpc) options() []grpc.ServerOption {
	most := r.q.config.ServerConfig.MaxRequestBodySize
	if most <= 0 { // the default, as for requests over HTTP
		most = defaultMaxBodyBytes
	}
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(grpcwire.Codec{}),
		grpc.MaxRecvMsgSize(int(min(most, math.MaxInt32))),
		grpc.UnaryInterceptor(r.unary),
		grpc.StreamInterceptor(r.stream),
		grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
			method, _ := grpc.MethodFromServerStream(s)
			return status.Errorf(codes.Unimplemented, "there is no %s here: OTLP metrics and logs go to the port of the otlp receiver", method)
		}),
	}
}

// open makes the services of the APIs available.
func (r *rpc) open() {
	if r.opened.Load() != nil {
		return
	}
	opened := &services{grpc.NewServer(r.options()...), map[string]string{}}
	for _, a := range r.q.apis {
		if h, ok := (*a.opened.Load()).(GRPCServer); ok {
			h.RegisterGRPC(registrar{opened, a.name})
		}
	}
	grpc_health_v1.RegisterHealthServer(registrar{opened, "health"}, r.health)
	reflection.RegisterV1(registrar{opened, "reflection"})
	r.opened.Store(opened)
}

// SetReady sets what the health service says.
func (r *rpc) SetReady(ready bool) {
	state := grpc_health_v1.HealthCheckResponse_NOT_SERVING
	if ready {
		state = grpc_health_v1.HealthCheckResponse_SERVING
	}
	r.health.SetServingStatus("", state)
}

// Stop ends what is left once the HTTP server has drained.
func (r *rpc) Stop() {
	r.stopping()
	r.probes.Stop()
	if opened := r.opened.Load(); opened != nil {
		opened.Stop()
	}
}

// registrar notes which API a method is of.
type registrar struct {
	*services
	api string
}

func (r registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	for _, m := range desc.Methods {
		r.apiOf["/"+desc.ServiceName+"/"+m.MethodName] = r.api
	}
	for _, s := range desc.Streams {
		r.apiOf["/"+desc.ServiceName+"/"+s.StreamName] = r.api
	}
	r.services.RegisterService(desc, impl)
}

func isGRPC(r *http.Request) bool {
	rest, ok := strings.CutPrefix(r.Header.Get("Content-Type"), "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// isProbe says whether a call asks for health.
func (r *rpc) isProbe(req *http.Request) bool {
	return strings.HasPrefix(r.method(req.URL.Path), healthService)
}

// method is the path without what a proxy or a configured address puts before
// it. Most clients drop the path of the address they are given.
func (r *rpc) method(path string) string {
	for _, prefix := range r.prefixes {
		if rest, ok := strings.CutPrefix(path, prefix); ok && strings.Count(rest, "/") == 2 && rest[0] == '/' {
			return rest
		}
	}
	return path
}

func (r *rpc) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.ProtoMajor == 2 {
		// The interceptors bound the call itself. These bound a client that
		// does not send its request, or does not read its answer.
		deadline, control := time.Now().Add(r.q.config.RequestTimeout+r.grace), http.NewResponseController(w)
		_ = control.SetReadDeadline(deadline)
		_ = control.SetWriteDeadline(deadline)
	}
	if method := r.method(req.URL.Path); method != req.URL.Path {
		stripped, url := *req, *req.URL
		url.Path, url.RawPath = method, ""
		stripped.URL = &url
		req = &stripped
	}
	if r.isProbe(req) {
		r.probes.ServeHTTP(w, req)
	} else if opened := r.opened.Load(); opened != nil {
		opened.ServeHTTP(w, req)
	} else {
		refuse(w, codes.Unavailable, "the store is not open yet: heddle is starting; its log says how far it is")
	}
}

// refuse answers a call without a server, in the form that clients understand.
func refuse(w http.ResponseWriter, code codes.Code, message string) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Grpc-Status", strconv.Itoa(int(code)))
	w.Header().Set("Grpc-Message", message)
	w.WriteHeader(http.StatusOK)
}

func (r *rpc) unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (out any, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.q.config.RequestTimeout)
	defer cancel()
	defer r.watch(info.FullMethod, &err)
	c, err := r.enter(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	defer c.end()
	c.received(in)
	out, err = handle(ctx, in)
	c.sent(out, err)
	c.ended(err)
	return out, err
}

func (r *rpc) stream(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	ctx, cancel := context.WithTimeout(s.Context(), r.q.config.RequestTimeout)
	defer cancel()
	if strings.HasPrefix(info.FullMethod, healthService) {
		defer context.AfterFunc(r.drain, cancel)() // it would last until the time is over
	}
	defer r.watch(info.FullMethod, &err)
	c, err := r.enter(ctx, info.FullMethod)
	if err != nil {
		return err
	}
	defer c.end()
	err = handle(srv, &boundedStream{s, ctx, c})
	c.ended(err)
	return err
}

// watch counts a call, and turns a panic into an error of that call.
func (r *rpc) watch(method string, err *error) {
	if p := recover(); p != nil {
		r.q.counters.panics.Inc()
		r.q.set.Logger.Error("panic on a call", zap.String("method", method), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
		*err = status.Error(codes.Internal, "heddle failed on this call; its log has the details")
	}
	var api string
	if strings.HasPrefix(method, healthService) {
		api, method = "health", healthService
	} else if api = r.opened.Load().apiOf[method]; api == "" {
		api, method = "none", "unknown" // what clients make up must not become labels
	}
	r.q.counters.calls.WithLabelValues(api, method, codeOf(*err).String()).Inc()
}

func codeOf(err error) codes.Code {
	code := status.Code(err)
	if code == codes.Unknown {
		code = status.FromContextError(err).Code()
	}
	return code
}
