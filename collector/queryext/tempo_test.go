package queryext

import (
	"strings"
	"testing"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
)

// Grafana reaches Tempo's HTTP API below a path and its gRPC service at the
// same host and port without it.
func TestTempoOnOnePort(t *testing.T) {
	s := start(t, map[string]any{"base_path": "/mesh"}, Process{})
	for path, want := range map[string]string{
		"/mesh/tempo/ready": "ready", "/mesh/tempo/api/echo": "echo", "/mesh/tempo/status/services": "Running",
		"/mesh/tempo/api/status/buildinfo": `"version"`, "/mesh/tempo/api/search?q={}": `"traces":[]`,
		"/mesh/tempo/api/v2/search/tag/resource%252Eservice%252Ename/values": `"tagValues":[]`,
	} {
		if body := s.want(t, "GET", path, 200); !strings.Contains(body, want) {
			t.Errorf("%s: %s", path, body)
		}
	}
	stream, err := tempopb.NewStreamingQuerierClient(s.dial(t)).SearchTagsV2(t.Context(), &tempopb.SearchTagsRequest{Scope: "intrinsic"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := stream.Recv()
	if err != nil || len(m.Scopes) != 1 {
		t.Errorf("%v, %v", m, err)
	}
	if metrics := s.want(t, "GET", "/mesh/metrics", 200); !strings.Contains(metrics, `handler="tempo",method="/tempopb.StreamingQuerier/SearchTagsV2"} 1`) {
		t.Error(metrics)
	}
}
