package simulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/payhost/payhost/sdk"
)

// notice makes the request. The id says what happened to what, so that the same
// notice always has the same. It is signed here anew, so that the plugin's own
// way is compared with something.
func notice(c *charge, key string) sdk.HTTPRequest {
	now := time.Now().UTC()
	body, err := json.Marshal(
		map[string]any{
			"id":      "evt-" + c.ID + "-" + c.State,
			"created": now.Unix(),
			"charge":  *c,
		},
	)
	if err != nil {
		panic(err) // texts and decimals only
	}

	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%d.%s", now.Unix(), body)
	signature := fmt.Sprintf("t=%d,v1=%x", now.Unix(), mac.Sum(nil))

	return sdk.HTTPRequest{
		Method:        http.MethodPost,
		Body:          body,
		RemoteAddress: "203.0.113.47",
		ReceivedAt:    now,
		Header: http.Header{
			"Content-Type":   {"application/json"},
			"Acme-Signature": {signature},
		},
	}
}

// Webhooks returns the notice about the charge as it stands, signed with the
// key of today and with the one of before.
func (s *Simulator) Webhooks(reference string) []sdk.HTTPRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(reference)
	if c == nil {
		return nil
	}
	return []sdk.HTTPRequest{notice(c, webhookKey), notice(c, oldKey)}
}

// send asks nobody again.
func (s *Simulator) send(to string, written sdk.HTTPRequest) {
	req, err := http.NewRequest(written.Method, to, bytes.NewReader(written.Body))
	if err != nil {
		return
	}
	req.Header = written.Header
	if resp, err := s.sender.Do(req); err == nil {
		_ = resp.Body.Close()
	}
}
