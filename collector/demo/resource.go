package demo

import (
	"fmt"
	"strconv"
)

const schemaURL = "https://opentelemetry.io/schemas/1.40.0"

// sdks: what an SDK of the language says about itself.
var sdks = map[string]struct{ language, version, distro, distroVersion, runtime, runtimeVersion string }{
	"go":     {"go", "1.40.0", "", "", "go", "go1.26.1"},
	"java":   {"java", "1.58.0", "opentelemetry-java-instrumentation", "2.24.0", "OpenJDK Runtime Environment", "25.0.1+8-LTS"},
	"nodejs": {"nodejs", "2.4.0", "", "", "nodejs", "24.12.0"},
	"python": {"python", "1.39.1", "opentelemetry", "0.60b1", "cpython", "3.14.2"},
	"dotnet": {"dotnet", "1.14.0", "opentelemetry-dotnet-instrumentation", "1.13.0", ".NET", "10.0.1"},
	"ruby":   {"ruby", "1.10.0", "", "", "ruby", "3.4.8"},
	"php":    {"php", "1.10.0", "opentelemetry-php-instrumentation", "1.2.1", "fpm-fcgi", "8.5.1"},
	"rust":   {"rust", "0.31.0", "", "", "", ""},
	"cpp":    {"cpp", "1.24.0", "", "", "", ""},
}

// attrs collects the attributes of a resource as the field of a Resource
// message. Empty values are left out, as detectors do.
type attrs []byte

func (a *attrs) add(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			*a = appendAttr(*a, 1, pairs[i], pairs[i+1])
		}
	}
}

// appResource is what the SDK inside the application says about its process.
func appResource(p *pod) []byte {
	s, sdk := p.svc, sdks[p.svc.lang]
	var a attrs
	a.add("service.name", s.name, "service.version", p.release, "service.namespace", s.namespace,
		"service.instance.id", p.instance, "deployment.environment.name", "production",
		"telemetry.sdk.name", "opentelemetry", "telemetry.sdk.language", sdk.language, "telemetry.sdk.version", sdk.version,
		"telemetry.distro.name", sdk.distro, "telemetry.distro.version", sdk.distroVersion,
		"process.runtime.name", sdk.runtime, "process.runtime.version", sdk.runtimeVersion,
		"cloud.provider", "aws", "cloud.account.id", "481516234210", "cloud.region", region)
	if s.faas {
		a.add("cloud.platform", "aws_lambda", "faas.name", s.name, "faas.version", strconv.Itoa(40+s.index),
			"faas.instance", "2026/01/01/["+strconv.Itoa(40+s.index)+"]"+p.uid, "aws.log.group.names", "/aws/lambda/"+s.name,
			"cloud.resource_id", "arn:aws:lambda:"+region+":481516234210:function:"+s.name)
		a = appendVarintAttr(a, 1, "faas.max_memory", 3, 512<<20)
		return a
	}
	a = appendVarintAttr(a, 1, "process.pid", 3, 1)
	a.add("cloud.platform", "aws_eks", "cloud.availability_zone", p.node.zone,
		"k8s.cluster.name", clusterName, "k8s.namespace.name", s.namespace, "k8s.deployment.name", s.name+"-"+p.version,
		"k8s.replicaset.name", p.replicaSet, "k8s.pod.name", p.name, "k8s.pod.uid", p.uid, "k8s.pod.ip", p.ip,
		"k8s.container.name", s.name, "k8s.node.name", p.node.name,
		"host.name", p.name, "host.id", p.node.id, "host.arch", "amd64", "os.type", "linux",
		"container.id", containerID(p), "container.image.name", p.image)
	return a
}

// proxyResource is what the pod's proxy says: Envoy little more than the
// workload in Istio's form, Linkerd the same name everywhere.
func proxyResource(p *pod) []byte {
	s := p.svc
	var a attrs
	if s.mesh == meshLinkerd {
		a.add("service.name", "linkerd-proxy", "process.pid", "2", "process.start_timestamp", strconv.Itoa(1_767_225_600_000+p.index*977),
			"host.name", p.name, "app", s.name, "version", p.version, "linkerd.io/control-plane-ns", "linkerd",
			"linkerd.io/workload-ns", s.namespace, "linkerd.io/proxy-deployment", s.name+"-"+p.version)
		return a
	}
	a.add("service.name", s.canonical, "telemetry.sdk.language", "cpp", "telemetry.sdk.name", "envoy", "telemetry.sdk.version", envoyVersion(s))
	return a
}

// envoyVersion: the payments namespace has not been restarted since the mesh
// was upgraded.
func envoyVersion(s *service) string {
	if oldEnvoy(s) {
		return "5d1b6b2a1e1c9d2f50a1b94d3c7f2d0a6b1e8f37/1.28.7/Clean/RELEASE/BoringSSL"
	}
	return "c1f0a2b7d94e3c5a86f7e2d1b0c9a8f7e6d5c4b3/1.35.3/Clean/RELEASE/BoringSSL"
}

// oldEnvoy leaves the OTLP status unset, newer ones derive it from the HTTP
// status code.
func oldEnvoy(s *service) bool { return s.namespace == "payments" }

func containerID(p *pod) string {
	h := mix(uint64(p.index) + 1)
	return fmt.Sprintf("%016x%016x%016x%016x", mix(h), mix(h+1), mix(h+2), mix(h+3))
}
