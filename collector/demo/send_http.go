package demo

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

const userAgent = "heddle-demo"

// mostAnswer bounds how much of an answer is read.
const mostAnswer = 64 << 10

type httpTransport struct {
	client   *http.Client
	url      string
	headers  map[string]string
	compress bool
}

func newHTTPTransport(cfg *Config) (transport, error) {
	scheme := "https://"
	if cfg.Insecure {
		scheme = "http://"
	}
	pool := &http.Transport{MaxIdleConnsPerHost: senders, IdleConnTimeout: 30 * time.Second}
	return &httpTransport{client: &http.Client{Transport: pool}, url: scheme + cfg.endpoint() + "/v1/traces",
		headers: cfg.Headers, compress: cfg.Compression == compressionGzip}, nil
}

func (t *httpTransport) close() error {
	t.client.CloseIdleConnections()
	return nil
}

func (t *httpTransport) export(ctx context.Context, body []byte) (int64, string, error) {
	var payload bytes.Buffer // net/http may read it after Do has returned, so it is never reused
	if t.compress {
		zw := gzip.NewWriter(&payload)
		if _, err := zw.Write(body); err != nil {
			return 0, "", err
		}
		if err := zw.Close(); err != nil {
			return 0, "", err
		}
	} else {
		payload.Write(body)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, &payload)
	if err != nil {
		return 0, "", err
	}
	for k, v := range t.headers {
		req.Header.Set(k, v)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", userAgent)
	if t.compress {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return 0, "", &retryableError{err: err}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return 0, "", &retryableError{err: err}
	}
	switch {
	case resp.StatusCode/100 == 2:
		var out collectorpb.ExportTraceServiceResponse
		if err := proto.Unmarshal(answer, &out); err != nil {
			return 0, "", fmt.Errorf("%s answered %s with something that is not OTLP: %w", t.url, resp.Status, err)
		}
		return out.GetPartialSuccess().GetRejectedSpans(), out.GetPartialSuccess().GetErrorMessage(), nil
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusBadGateway,
		resp.StatusCode == http.StatusServiceUnavailable, resp.StatusCode == http.StatusGatewayTimeout:
		return 0, "", &retryableError{after: retryAfter(resp.Header.Get("Retry-After"), time.Now()), err: fmt.Errorf("%s answered %s", t.url, resp.Status)}
	}
	return 0, "", fmt.Errorf("%s answered %s", t.url, resp.Status)
}

// retryAfter reads a Retry-After header: seconds or a date.
func retryAfter(v string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(v); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
