package providerhttp_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

// Once a byte has left, nothing that a connection does proves that the provider
// did nothing.
func TestAfterTheFirstByteTheOutcomeIsUnknown(t *testing.T) {
	for name, tc := range map[string]struct {
		handle func(net.Conn)
		status int
		want   string
	}{
		"reset after reading": {func(c net.Conn) {
			readRequest(c)
			reset(c)
		}, 0, "no answer from "},
		"reset while reading": {func(c net.Conn) {
			bufio.NewReader(c).ReadByte()
			reset(c)
		}, 0, "no answer from "},
		"lost answer":         {func(c net.Conn) { readRequest(c) }, 0, "the connection was closed before the answer was complete"},
		"half a status line":  {answer("HTTP/1."), 0, "no answer from "},
		"not HTTP":            {answer("220 mail.example.com ESMTP\r\n\r\n"), 0, "it is not valid HTTP"},
		"cut body":            {answer(head + "Content-Length: 100\r\n\r\n{\"status\":\"success\"}"), 200, "closed before the answer was complete"},
		"chunks of garbage":   {answer(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"), 200, "(HTTP 200) cannot be used"},
		"chunks without end":  {answer(head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), 200, "closed before the answer was complete"},
		"giant body":          {giant, 200, "the body is larger than 1 MiB"},
		"giant headers":       {answer(head + "X-Fill: " + strings.Repeat("x", 128<<10) + "\r\n\r\n"), 0, "the headers are larger than 64 KiB"},
		"gzip":                {answer(head + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"), 200, "it has a content encoding"},
		"redirect":            {answer("HTTP/1.1 302 Found\r\nLocation: https://login.example.com/?k=v\r\nContent-Length: 0\r\n\r\n"), 302, "redirect (HTTP 302) to login.example.com, which is not followed"},
		"permanent redirect":  {answer("HTTP/1.1 308 Permanent Redirect\r\nLocation: /pay2\r\nContent-Length: 0\r\n\r\n"), 308, "redirect (HTTP 308), which is not followed"},
		"redirect to a lie":   {answer("HTTP/1.1 302 Found\r\nLocation: https://%ff" + strings.Repeat("x", 999) + "/\r\n\r\n"), 302, "redirect (HTTP 302), which is not followed"},
		"redirect to nowhere": {answer("HTTP/1.1 304 Not Modified\r\n\r\n"), 304, "redirect (HTTP 304), which is not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			b := bench1(t, serve(t, tc.handle).url)
			_, err := b.pay(b.ctx)
			wantFailure(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown, tc.want)
			if e := b.last(t); !e.Sent || e.Status != tc.status || e.Error == "" ||
				len(e.ResponseBody) > 5<<10 {
				t.Errorf(
					"recorded sent=%v status=%d error=%q and %d bytes",
					e.Sent,
					e.Status,
					e.Error,
					len(e.ResponseBody),
				)
			}
		})
	}
}

func giant(c net.Conn) {
	if !readRequest(c) {
		return
	}
	io.WriteString(c, head+"\r\n")
	fill := []byte(strings.Repeat("x", 64<<10))

	for { // until the client has had enough
		if _, err := c.Write(fill); err != nil {
			return
		}
	}
}

// A connection that is reset at once may or may not have taken bytes; error and
// record must agree, and nothing may be claimed as an answer.
func TestResetBeforeReading(t *testing.T) {
	s := serve(t, reset)
	for range 20 {
		b := bench1(t, s.url)
		_, err := b.pay(b.ctx)
		e := b.last(t)
		if got := sdk.OutcomeOf(err); (got == sdk.OutcomeNotSent) != !e.Sent ||
			got == sdk.OutcomeRefused ||
			err == nil {
			t.Fatalf("outcome %q, recorded sent=%v: %v", got, e.Sent, err)
		}
	}
}

func TestCanceledAfterSending(t *testing.T) {
	received, done := make(chan struct{}), t.Context().Done()
	s := serve(t, func(c net.Conn) {
		readRequest(c)
		close(received)
		<-done
	})

	b := bench1(t, s.url)
	ctx, cancel := context.WithCancel(b.ctx)
	go func() {
		<-received
		cancel()
	}()

	_, err := b.pay(ctx)
	wantFailure(
		t,
		err,
		sdk.CodeUnavailable,
		sdk.OutcomeUnknown,
		"no answer from "+s.addr+": the call was canceled",
	)
}

func TestLimitsAfterSending(t *testing.T) {
	silent := func(c net.Conn) {
		readRequest(c)
		io.Copy(io.Discard, c) // until the client gives up
	}

	drip := func(c net.Conn) {
		readRequest(c)
		io.WriteString(c, head+"Content-Length: 1000000\r\n\r\n")
		for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
			if _, err := c.Write([]byte("x")); err != nil {
				tick.Stop()
				return
			}
		}
	}
	for name, tc := range map[string]struct {
		handle            func(net.Conn)
		timeout, deadline time.Duration
		want              string
	}{
		"no answer, request's limit":  {silent, time.Second, time.Hour, ": the limit of 1s for one request passed"},
		"no answer, call's deadline":  {silent, time.Hour, time.Second, ": the call's deadline passed"},
		"slow drip, request's limit":  {drip, time.Second, time.Hour, "(HTTP 200) did not end: the limit of 1s for one request passed"},
		"slow drip, call's deadline":  {drip, time.Hour, time.Second, "(HTTP 200) did not end: the call's deadline passed"},
		"default limit is the longer": {silent, 0, time.Second, ": the call's deadline passed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(
				t,
				sdk.Runtime{},
				providerhttp.Options{BaseURL: serve(t, tc.handle).url, Timeout: tc.timeout},
			)
			ctx, cancel := context.WithTimeout(b.ctx, tc.deadline)
			defer cancel()

			_, err := b.pay(ctx)
			wantFailure(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown, tc.want)
		})
	}
}

func TestMaxResponseIsExact(t *testing.T) {
	for size, ok := range map[string]bool{"1234": true, "12345": false} {
		b := newBench(t, sdk.Runtime{}, providerhttp.Options{
			BaseURL:     serve(t, answer(head+"\r\n"+size)).url,
			MaxResponse: 4,
		})
		resp, err := b.pay(b.ctx)
		if ok && (err != nil || string(resp.Body) != size) {
			t.Errorf("a body of the limit's size gives %v", err)
		}

		if !ok {
			wantFailure(
				t,
				err,
				sdk.CodeUnavailable,
				sdk.OutcomeUnknown,
				"the body is larger than 4 bytes",
			)
		}
	}
}
