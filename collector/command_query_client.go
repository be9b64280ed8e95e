package collector

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// queryClient asks a heddle over HTTP. It uses Tempo's API, which has TraceQL
// and whole traces. The fields are the flags.
type queryClient struct {
	address, caFile, tokenFile string
	headers                    []string
	timeout                    time.Duration
}

// maxAnswerBytes bounds what is held in memory of an answer.
const maxAnswerBytes = 1 << 30

// answerError is an answer other than 200.
type answerError struct {
	code    int
	message string // of the server, for people; may be empty
	from    string // the address that was asked
}

func (e *answerError) Error() string {
	text := e.message
	if text == "" {
		text = http.StatusText(e.code)
	}
	switch e.code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Sprintf("%s asks for credentials (%d): %s; give them with --token-file or --header", e.from, e.code, text)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return fmt.Sprintf("%s cannot answer now (%d): %s", e.from, e.code, text)
	case http.StatusGatewayTimeout:
		return fmt.Sprintf("%s took too long (%d): %s; ask for a shorter time with --from and --to", e.from, e.code, text)
	}
	return fmt.Sprintf("%s answers %d: %s", e.from, e.code, text)
}

// get asks for a path below the address and returns the body, which must be of
// a content type. Other answers are an *answerError.
func (c *queryClient) get(ctx context.Context, path string, params url.Values, contentType string) ([]byte, error) {
	base, err := c.base()
	if err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	address := base.JoinPath(path)
	address.RawQuery = params.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, usageError{fmt.Errorf("--address: %w", err)}
	}
	if err := c.setHeaders(req.Header); err != nil {
		return nil, err
	}
	req.Header.Set("Accept", contentType)
	resp, err := client.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, base, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	if err != nil {
		return nil, c.unreachable(ctx, base, err)
	}
	return body, c.check(resp, base, body, contentType)
}

// check says what is wrong with an answer.
func (c *queryClient) check(resp *http.Response, base *url.URL, body []byte, contentType string) error {
	got, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if location := resp.Header.Get("Location"); location != "" && resp.StatusCode/100 == 3 {
		return fmt.Errorf("%s redirects to %s: give --address the address of heddle itself", base.Redacted(), shownText(location, 200))
	}
	if resp.StatusCode != http.StatusOK {
		message := ""
		if got == "text/plain" || got == "application/json" {
			message = shownLines(strings.TrimSpace(string(body[:min(len(body), 4<<10)])))
		}
		return &answerError{resp.StatusCode, message, base.Redacted()}
	}
	if got != contentType {
		return fmt.Errorf("%s answers with %q instead of %s, as if it were no heddle: is --address right, and does it have the base path?", base.Redacted(), got, contentType)
	}
	if len(body) > maxAnswerBytes {
		return fmt.Errorf("the answer has more than %s: ask for less", sizeText(maxAnswerBytes))
	}
	return nil
}

// shownLines is shownText for the lines of a message.
func shownLines(message string) string {
	if message == "" {
		return ""
	}
	lines := strings.Split(message, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = shownText(line, 2000)
		}
	}
	return strings.Join(lines, "\n")
}

func (c *queryClient) unreachable(ctx context.Context, base *url.URL, err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the address, which has the query in it
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return errors.New("interrupted")
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s did not answer within %v: wait longer with --timeout, or ask for less", base.Redacted(), c.timeout)
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return fmt.Errorf("%s: %w; name the authority that signed it with --ca-file", base.Redacted(), err)
	}
	return fmt.Errorf("%s is not reachable: %w; is heddle running there? --address or %s name another address", base.Redacted(), err, addressVariable)
}

func (c *queryClient) base() (*url.URL, error) {
	text := c.address
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" || base.Fragment != "" {
		if strings.Contains(text, "@") {
			text = "(not shown, it may have a password in it)"
		}
		return nil, usageError{fmt.Errorf("--address %s is no address of a server: write it as in %s or https://heddle.example/base", text, defaultAddress)}
	}
	return base, nil
}

func (c *queryClient) client() (*http.Client, error) {
	if c.timeout <= 0 {
		return nil, usageError{fmt.Errorf("--timeout %v must be positive", c.timeout)}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if c.caFile != "" {
		pem, err := os.ReadFile(c.caFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca-file %s has no certificate in it: it must be PEM", c.caFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	// Credentials must not go where nobody meant to send them.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stay}, nil
}

func (c *queryClient) setHeaders(h http.Header) error {
	for _, header := range c.headers {
		name, value, ok := strings.Cut(header, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return usageError{errors.New("--header: write it as in 'Name: value'")} // it may have a secret in it
		}
		h.Add(name, strings.TrimSpace(value))
	}
	if c.tokenFile != "" {
		token, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return fmt.Errorf("--token-file: %w", err)
		}
		h.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	return nil
}
