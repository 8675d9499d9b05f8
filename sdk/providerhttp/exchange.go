package providerhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// exchange is one request under way.
type exchange struct {
	client   *Client
	caller   context.Context // of the call, without the request's own limit
	request  Request
	http     *http.Request
	gate     *gate
	mask     masker
	cancel   context.CancelFunc
	started  time.Time
	deadline time.Time // by Options.Timeout alone
	sent     bool      // once run is done
	status   int       // 0 until an answer began
	partial  []byte    // of an answer that could not be read
}

// begin prepares a request. Its error means that nothing was sent.
func (c *Client) begin(ctx context.Context, request Request) (*exchange, error) {
	started := time.Now()
	deadline := started.Add(c.options.Timeout)
	limited, cancel := context.WithDeadline(ctx, deadline)

	// The gate is made before the request, whose context must carry it: a gated
	// connection without a gate writes nothing.
	guard := &gate{ctx: limited}
	req, err := c.build(guard.context(), request)
	if err != nil {
		cancel()
		return nil, err
	}

	return &exchange{
		client:   c,
		caller:   ctx,
		request:  request,
		http:     req,
		gate:     guard,
		cancel:   cancel,
		started:  started,
		deadline: deadline,
		mask:     newMasker(c.mask, c.secrets, req, request.Body),
	}, nil
}

// run sends the request and reads the answer. A redirect is both an answer and
// an error.
func (x *exchange) run() (*Response, *sdk.Error) {
	defer x.cancel()

	answer, err := x.roundTrip()
	x.sent = x.gate.close()
	if err != nil {
		return nil, x.failure(err)
	}

	defer func() { _ = answer.Body.Close() }()

	// A server may answer before it is asked: such an answer belongs to
	// nothing.
	x.status = answer.StatusCode
	if !x.sent {
		return nil, x.failure(errAnsweredEarly)
	}

	body, err := x.read(answer)
	if err != nil {
		x.partial = body
		return nil, x.failure(err)
	}

	resp := &Response{
		Status: answer.StatusCode,
		Header: answer.Header,
		Body:   body,
		mask:   x.mask,
		now:    x.client.now,
	}
	if answer.StatusCode >= 300 && answer.StatusCode < 400 {
		return resp, resp.redirected()
	}

	return resp, nil
}

// roundTrip goes around http.Client: it would follow redirects and put the
// address, with its secrets, into errors.
func (x *exchange) roundTrip() (*http.Response, error) {
	transport := x.client.reused
	if x.request.once() {
		transport = x.client.once
	}
	if x.client.idle != nil {
		return transport.RoundTrip(x.http)
	}

	// A transport of a test has no connection to watch: it counts as having
	// sent, unless its error denies that.
	if _, err := x.gate.pass(); err != nil {
		return nil, err
	}

	answer, err := transport.RoundTrip(x.http)
	var unsent interface{ NotSent() bool }
	if errors.As(err, &unsent) && unsent.NotSent() {
		x.gate.retract()
	}

	return answer, err
}

// read returns the whole body, or with an error its beginning, for the record.
func (x *exchange) read(answer *http.Response) ([]byte, error) {
	limit := x.client.options.MaxResponse
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if int64(len(body)) > limit {
		return body[:limit], errTooLarge
	}

	if err != nil {
		return body, err
	}

	// No encoding was asked for, so the bytes are not what they should be.
	encoding := answer.Header.Get("Content-Encoding")
	if encoding != "" && !strings.EqualFold(encoding, "identity") {
		return body, errEncoded
	}

	return body, nil
}

// record leaves the exchange's traces: one for the host's record of the
// attempt, one in the log.
func (x *exchange) record(resp *Response, failure *sdk.Error) {
	entry := sdk.Exchange{
		Method:       x.http.Method,
		URL:          x.mask.url(x.http.URL),
		RequestBody:  x.mask.requestBody(x.request.Body),
		Status:       x.status,
		ResponseBody: x.mask.body("", x.partial),
		Duration:     time.Since(x.started),
		Sent:         x.sent,
	}

	if resp != nil {
		entry.ResponseBody = x.mask.body(resp.Header.Get("Content-Type"), resp.Body)
	}
	if failure != nil {
		entry.Error = failure.Message
	}

	sdk.RecordExchange(x.caller, entry)

	// The log gets less: no query and no bodies.
	place := url.URL{
		Scheme: x.http.URL.Scheme,
		Host:   x.http.URL.Host,
		Path:   x.http.URL.Path,
	}
	attrs := []slog.Attr{
		slog.String("method", entry.Method),
		slog.String("url", x.mask.url(&place)),
		slog.Int("status", entry.Status),
		slog.Int64("duration_ms", entry.Duration.Milliseconds()),
		slog.Bool("sent", entry.Sent),
	}

	if failure != nil {
		attrs = append(attrs, slog.String("error", failure.Message))
	}
	x.client.logger.LogAttrs(x.caller, slog.LevelDebug, "provider request", attrs...)
}

// size returns a number of bytes as people say it.
func size(count int64) string {
	switch {
	case count >= 1<<20 && count%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", count>>20)
	case count >= 1<<10 && count%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", count>>10)
	}
	return fmt.Sprintf("%d bytes", count)
}
