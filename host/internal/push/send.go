package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

const (
	// sendTimeout bounds one request with its answer.
	sendTimeout = 15 * time.Second
	// maxAnswer is how many bytes of an answer are read, so that the connection
	// can be used again, and maxQuote how many are kept.
	maxAnswer = 64 << 10
	maxQuote  = 200
	maxHeader = 64 << 10
)

// Target is the service that events are sent to.
type Target struct {
	URL string
	// Secrets sign every event, each with a signature of its own. The receiver
	// needs one of them.
	Secrets []sdk.Secret
}

// answer is the answer of a receiver, or why there is none.
type answer struct {
	status     int // 0: there was no answer
	retryAfter time.Duration
	problem    string // "" when the event has arrived
	gone       bool   // the receiver wants no more tries of this event
}

// newClient returns a client for pushing. It follows no redirect: a POST would
// become a GET, and the events would go to an address that the operator did not
// configure.
func newClient() *http.Client {
	return &http.Client{
		Timeout: sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: sendTimeout}).DialContext,
			TLSHandshakeTimeout:    sendTimeout,
			MaxIdleConnsPerHost:    sendAtOnce,
			MaxConnsPerHost:        sendAtOnce,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: maxHeader,
			ForceAttemptHTTP2:      true,
		},
	}
}

// send makes one try. The body is the event as GET /v1/events shows it.
func (p *Pusher) send(ctx context.Context, e payment.Event) answer {
	body, err := json.Marshal(e)
	if err != nil {
		return answer{problem: "the event cannot be written as JSON: " + err.Error()}
	}
	content := bytes.NewReader(body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.target.URL, content)
	if err != nil {
		return answer{problem: "events.url is not valid"} // the error would quote it
	}

	// The signatures are of this try: they contain its time.
	if err := p.sign(req.Header, e.ID, body); err != nil {
		return answer{problem: err.Error()}
	}

	// The body is only quoted when the status is not a success.
	resp, err := p.client.Do(req)
	if err != nil {
		return answer{problem: "no answer: " + cause(err)}
	}
	defer resp.Body.Close()

	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // the status is enough
	return judge(resp, text, p.now())
}

// sign sets the headers of an event, with a signature by each secret.
func (p *Pusher) sign(h http.Header, id string, body []byte) error {
	// While a secret is rotated, the receiver may know the old or the new one.
	now := p.now()
	var signatures []string

	for _, s := range p.target.Secrets {
		signature, err := signer(s.Reveal()).Sign(id, now, body)
		if err != nil {
			return errors.New("the event cannot be signed: " + err.Error())
		}
		signatures = append(signatures, signature)
	}

	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "payhost")
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))

	return nil
}

// signer returns what signs with a secret. It reads the secret as the Standard
// Webhooks libraries do: an optional "whsec_", then base64. A secret that is
// not base64 is used as it is.
func signer(secret string) *standardwebhooks.Webhook {
	decoded, err := standardwebhooks.NewWebhook(secret)
	if err == nil {
		return decoded
	}
	raw, _ := standardwebhooks.NewWebhookRaw([]byte(secret)) // never fails
	return raw
}

// cause describes a failed request without its URL, which may have a token in
// its query.
func cause(err error) string {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return err.Error()
	}
	if failed.Timeout() {
		return fmt.Sprintf("not within %s", sendTimeout)
	}
	return failed.Err.Error()
}

// judge reads an answer. With any 2xx the event has arrived, 410 ends its
// tries, and after everything else it is tried again.
func judge(resp *http.Response, text []byte, now time.Time) answer {
	a := answer{status: resp.StatusCode}
	if a.status >= 200 && a.status < 300 {
		return a
	}

	// The operator reads this in the log and in the list of dead letters.
	a.problem = "HTTP " + resp.Status
	if quote := printable(text); quote != "" {
		a.problem += ": " + quote
	}

	if a.status >= 300 && a.status < 400 {
		a.problem += " (redirects are not followed: configure the address itself)"
	}

	a.gone = a.status == http.StatusGone
	a.retryAfter = retryAfter(resp.Header.Get("Retry-After"), now)
	return a
}

// retryAfter reads the header in both of its forms, seconds and a date. It
// returns 0 when the header says nothing that can be used.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// printable returns the beginning of an answer as one line for people.
func printable(text []byte) string {
	// The receiver's bytes go to logs and terminals.
	quote := strings.ToValidUTF8(string(text[:min(len(text), maxQuote)]), "")
	line := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, quote)

	return strings.Join(strings.Fields(line), " ")
}
