package collector_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// halfRequest starts a request of which the rest is sent by finish.
func halfRequest(t *testing.T, s *server) (finish func() *http.Response) {
	t.Helper()
	body := marshal(t, exportRequest(span(traceID(7), spanID(7))))
	conn, err := net.Dial("tcp", s.otlpHTTP)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST /v1/traces HTTP/1.1\r\nHost: heddle\r\nContent-Type: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n%s", protobuf, len(body), body[:10])
	if err != nil {
		t.Fatal(err)
	}
	// The server says that it reads the body: the request is under way.
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatal(line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return func() *http.Response {
		if _, err := conn.Write(body[10:]); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
}

func TestSIGTERMFinishesWhatIsUnderWay(t *testing.T) {
	s := newServer(t).start()
	finish := halfRequest(t, s)
	s.signal(syscall.SIGTERM)
	s.eventually("it accepts no new connections", func() bool {
		conn, err := net.Dial("tcp", s.otlpHTTP)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	// Receivers stop first: questions are still answered.
	if code, _ := s.get("/-/ready"); code != http.StatusServiceUnavailable {
		t.Errorf("/-/ready: %d", code)
	}
	resp := finish()
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the request under way got %s", resp.Status)
	}
	if code := s.waitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestSecondSignalKills(t *testing.T) {
	s := newServer(t).start()
	halfRequest(t, s)
	s.signal(syscall.SIGTERM)
	s.eventually("the first signal was seen", func() bool { return strings.Contains(s.stderr.String(), "a second one stops at once") })
	s.eventually("the second one kills", func() bool {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.exited:
			return true
		default:
			return false
		}
	})
	if code := s.waitExit(); code == 0 {
		t.Error("exit code 0")
	}
}
