package demo

// spanID is a span id; all zero means that there is no span.
type spanID [8]byte

type callKind uint8

const (
	callRequest  callKind = iota // HTTP or gRPC to another service
	callStore                    // a statement to a database or cache
	callPublish                  // a message to a topic
	callConsume                  // a consumer working on messages
	callExternal                 // HTTP to a third party
	callInternal                 // work inside the process worth a span
)

// call is one thing a pod asked for, as it really happened: true times, before
// clock skew and before anyone reported it. Signals are derived from calls by
// an [emitter] each, so that spans, access logs and metrics of one request
// agree.
//
// Ids belong to the call and not to the spans because the shop itself
// propagates them: an access log carries them too.
type call struct {
	kind  callKind
	under int32 // index of the attempt whose work made this call, -1 at a root
	cause int32 // callConsume: index of the publishing call in this trace, -1 in a batch

	from  *pod       // who asks; the consuming pod for callConsume
	to    *pod       // callRequest: the pod of the last attempt, nil when nothing was sent
	op    *operation // callRequest, callConsume
	step  *step      // callStore, callExternal, callInternal
	topic *topic
	path  string // concrete path of an HTTP request

	start, end           int64 // as the asking application sees it
	proxyStart, proxyEnd int64 // as its proxy sees it; zero without a proxy
	status               int   // HTTP status, also where gRPC carries it as a code
	flags                string
	tries                int // how often the proxy tried
	resend               int // how often the application had asked before
	fail                 *failure
	reqBytes, respBytes  int
	rows                 int    // callStore
	partition, offset    int    // callPublish, callConsume
	text                 string // callStore: the statement

	id, proxyID spanID
}

// attempt is one try of a call that reached a pod, or the work of a consumer.
type attempt struct {
	call                 int32
	n                    int // 1 is the first try
	to                   *pod
	sent, answered       int64 // as the caller's proxy sees it
	proxyStart, proxyEnd int64 // as the callee's proxy sees it; zero without a proxy
	start, end           int64 // as the application sees it
	status               int
	abandoned            bool // the caller gave up before the answer
	fail                 *failure

	routerID, proxyID, id spanID
}

// link names a message's producer, in another trace.
type link struct {
	trace [16]byte
	span  spanID
}

// trace is everything that followed from one visit, or from one batch of
// messages. Parents come before children in both slices. It is reused: an
// emitter must not keep it.
type trace struct {
	id       [16]byte
	start    int64
	visitor  visitor
	calls    []call
	attempts []attempt
	links    []link
}

// emitter derives one signal from the calls of a finished trace.
type emitter interface {
	emit(*trace)
}

// failure is why something failed, in the words of the application.
type failure struct {
	exception string // type, without the language's package
	message   string
}

var (
	failInternal   = &failure{"IllegalStateException", "unexpected state in request handler"}
	failDependency = &failure{"UpstreamException", "a required upstream call failed"}
	failOverflow   = &failure{"UpstreamUnavailableException", "upstream connect error or disconnect/reset before headers. reset reason: overflow"}
	failUnready    = &failure{"GatewayOverloadedException", "authorization queue is full, try again"}
	failDeadline   = &failure{"DeadlineExceededException", "upstream request timeout"}
	failTenant     = &failure{"TaxRegionException", "no tax region for cost centre 4711-B of this tenant"}
	failLock       = &failure{"LockTimeoutException", "canceling statement due to lock timeout"}
)
