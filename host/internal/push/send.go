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
	// maxAnswer is how much of an answer is read, so that the connection can be
	// used again; maxQuote how much is kept.
	maxAnswer = 64 << 10
	maxQuote  = 200
	maxHeader = 64 << 10
)

// Target is where events go, and what they are signed with.
type Target struct {
	URL string
	// Secrets sign every event, each with a signature of its own; the receiver
	// needs one of them.
	Secrets []sdk.Secret
}

// signer makes one signature. A secret is read as the Standard Webhooks
// libraries read it: an optional "whsec_", then base64. One that is not base64
// is taken as it is.
func signer(secret string) *standardwebhooks.Webhook {
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		w, _ = standardwebhooks.NewWebhookRaw([]byte(secret)) // has no way to fail
	}
	return w
}

// answer is what a receiver said, or why there is none.
type answer struct {
	status     int // 0: none
	retryAfter time.Duration
	problem    string // "" when it arrived
	gone       bool   // the receiver wants no more tries of it
}

// newClient returns a client for pushing. It follows no redirect: a POST would
// become a GET, and the events would go where nobody configured them to.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
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
	req, err := http.NewRequestWithContext(
		ctx,
		http.MethodPost,
		p.target.URL,
		bytes.NewReader(body),
	)
	if err != nil {
		return answer{problem: "events.url is not valid"} // the error would quote it
	}

	if err := p.sign(req.Header, e.ID, body); err != nil {
		return answer{problem: err.Error()}
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return answer{problem: "no answer: " + cause(err)}
	}
	defer resp.Body.Close()

	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // the status says enough
	return judge(resp, text, p.now())
}

func (p *Pusher) sign(h http.Header, id string, body []byte) error {
	at := p.now()
	var signatures []string

	for _, s := range p.target.Secrets {
		signature, err := signer(s.Reveal()).Sign(id, at, body)
		if err != nil {
			return errors.New("the event cannot be signed: " + err.Error())
		}
		signatures = append(signatures, signature)
	}

	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "payhost")
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))

	return nil
}

// cause words a failed request without its URL, which may have a token in its
// query.
func cause(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return fmt.Sprintf("not within %s", sendTimeout)
		}
		err = u.Err
	}
	return err.Error()
}

// judge reads an answer: any 2xx is an arrival, 410 ends the tries of this
// event, everything else is tried again.
func judge(resp *http.Response, text []byte, now time.Time) answer {
	a := answer{status: resp.StatusCode}
	if a.status >= 200 && a.status < 300 {
		return a
	}
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

// retryAfter reads the header in both of its forms; 0 when it says nothing that
// can be used.
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
	line := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(text[:min(len(text), maxQuote)]), ""))

	return strings.Join(strings.Fields(line), " ")
}
