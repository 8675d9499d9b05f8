package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// webhook returns the provider's request. Its id says what happened to which
// charge, so that the same webhook always has the same id. The plugin's own
// signature is compared with the one that is made here.
func webhook(charge *storedCharge, key string) sdk.HTTPRequest {
	request := sim.Posted("application/json", "")
	created := request.ReceivedAt.Unix()
	body, err := json.Marshal(map[string]any{
		"id":      "evt-" + charge.ID + "-" + charge.State,
		"created": created,
		"charge":  *charge,
	})
	if err != nil {
		panic(err) // texts and decimals always encode
	}

	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%d.%s", created, body)
	request.Body = body
	request.Header.Set("Acme-Signature", fmt.Sprintf("t=%d,v1=%x", created, mac.Sum(nil)))

	return request
}

// Webhooks returns the webhook about the charge as it stands, signed with
// today's key and with the one before.
func (s *Simulator) Webhooks(reference string) []sdk.HTTPRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	charge := s.find(reference)
	if charge == nil {
		return nil
	}
	return []sdk.HTTPRequest{webhook(charge, webhookKey), webhook(charge, oldKey)}
}
