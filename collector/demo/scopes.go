package demo

// libraries are the instrumentation libraries by language: for servers,
// clients, RPC, stores, queues and the application's own spans. An empty name
// means the first one of the language.
var libraries = map[string][scopeProxy]string{
	"go": {"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", "",
		"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc", "github.com/exaring/otelpgx", "shop.example/kafka", "shop.example/app"},
	"java": {"io.opentelemetry.tomcat-10.0", "io.opentelemetry.java-http-client", "io.opentelemetry.grpc-1.6",
		"io.opentelemetry.jdbc", "io.opentelemetry.kafka-clients-2.6", "example.shop.app"},
	"nodejs": {"@opentelemetry/instrumentation-http", "@opentelemetry/instrumentation-undici", "@opentelemetry/instrumentation-grpc",
		"@opentelemetry/instrumentation-ioredis", "@opentelemetry/instrumentation-kafkajs", "shop-app"},
	"python": {"opentelemetry.instrumentation.fastapi", "opentelemetry.instrumentation.httpx", "opentelemetry.instrumentation.grpc",
		"opentelemetry.instrumentation.redis", "opentelemetry.instrumentation.kafka", "shop.app"},
	"dotnet": {"Microsoft.AspNetCore", "System.Net.Http", "OpenTelemetry.Instrumentation.GrpcNetClient",
		"OpenTelemetry.Instrumentation.SqlClient", "", "Shop.App"},
	"ruby": {"OpenTelemetry::Instrumentation::Rack", "OpenTelemetry::Instrumentation::Net::HTTP", "", "OpenTelemetry::Instrumentation::Mysql2", "", "shop"},
	"php":  {"io.opentelemetry.contrib.php.slim", "io.opentelemetry.contrib.php.guzzle", "", "io.opentelemetry.contrib.php.pdo", "", "shop"},
	"rust": {"tonic-tracing-opentelemetry", "", "", "redis-rs", "", "shop"},
	"cpp":  {"opentelemetry-cpp-contrib-grpc", "", "", "", "", "shop"},
}

// scopeHeader is the InstrumentationScope of one of a pod's scopes, as a field
// of ScopeSpans. Proxies name none.
func scopeHeader(p *pod, sc scope) []byte {
	if sc == scopeProxy {
		return nil
	}
	names := libraries[p.svc.lang]
	name := names[sc]
	if name == "" {
		name = names[0]
	}
	version := sdks[p.svc.lang].version
	if sc == scopeApp {
		version = p.release
	}
	return appendText(nil, 1, appendText(appendText(nil, 1, name), 2, version))
}
