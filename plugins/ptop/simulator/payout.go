package simulator

import (
	"crypto/hmac"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// payoutRequest is what the document lists.
type payoutRequest struct {
	WebsiteID    string      `json:"website_id"`
	SecretKey    string      `json:"secret_key"`
	ReviverEmail string      `json:"reviverEmail"`
	Amount       json.Number `json:"amount"`
	Signature    string      `json:"signature"`
	SendingTrx   string      `json:"sendingTrx"`
}

// unregistered is the end of addresses that belong to no user: paying them is
// refused.
const unregistered = "@unregistered.example"

func (s *Simulator) createPayout(w http.ResponseWriter, r *http.Request) {
	var in payoutRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		replyPayout(w, refusal{http.StatusBadRequest, "The request is not valid JSON."})
		return
	}

	amount, no := s.checkPayout(r, in)
	if no == (refusal{}) && !s.Ledger().Add(ledger.Entry{
		Kind:      ledger.Payout,
		ID:        in.SendingTrx,
		Recipient: in.ReviverEmail,
		Amount:    amount,
		Currency:  "USD",
		Status:    "success",
		Moved:     true,
	}) {
		no = refusal{http.StatusOK, "Duplicate request detected."} // [doc]
	}

	replyPayout(w, no)
}

func replyPayout(w http.ResponseWriter, no refusal) {
	if no != (refusal{}) {
		sim.Reply(w, no.status, map[string]any{"status": "error", "message": no.words})
		return
	}
	sim.Reply(
		w,
		http.StatusOK,
		map[string]any{"status": "success", "message": "Payment sent successfully."},
	)
}

func (s *Simulator) checkPayout(
	r *http.Request,
	in payoutRequest,
) (decimal.Decimal, refusal) {
	for name, value := range map[string]string{
		"website_id": in.WebsiteID, "secret_key": in.SecretKey, "reviverEmail": in.ReviverEmail,
		"amount": in.Amount.String(), "signature": in.Signature, "sendingTrx": in.SendingTrx,
	} {
		if value == "" {
			return decimal.Decimal{}, refusal{
				http.StatusBadRequest,
				"The " + name + " field is required.",
			}
		}
	}

	if no := s.identify(r, in.WebsiteID, in.SecretKey); no != (refusal{}) {
		return decimal.Decimal{}, no
	}
	amount, err := decimal.NewFromString(in.Amount.String())

	switch {
	case len(in.Amount) > 20 || err != nil || amount.LessThan(decimal.New(1, -2)):
		return amount, refusal{http.StatusBadRequest, "The amount must be at least 0.01."}
	case len(in.SendingTrx) != 6:
		return amount, refusal{
			http.StatusBadRequest,
			"The sendingTrx must be 6 characters.",
		}
	case !strings.Contains(in.ReviverEmail, "@"):
		return amount, refusal{
			http.StatusBadRequest,
			"The reviverEmail must be a valid email address.",
		}

	case !hmac.Equal([]byte(in.Signature), []byte(s.signPayout(in))):
		return amount, refusal{
			http.StatusOK,
			"Signature mismatch. Untrusted origin.",
		} // [doc]
	case strings.HasSuffix(in.ReviverEmail, unregistered):
		return amount, refusal{http.StatusOK, "Receiver not found."}
	}

	return amount, refusal{}
}

func (s *Simulator) signPayout(in payoutRequest) string {
	return sign(
		s.theSignature,
		in.WebsiteID+"|"+in.SecretKey+"|"+in.ReviverEmail+"|"+phpText(in.Amount),
	)
}

// phpText is how PHP prints a number that it has read from JSON, for the sizes
// that amounts have.
func phpText(n json.Number) string {
	f, err := n.Float64()
	if err != nil || !strings.ContainsAny(n.String(), ".eE") {
		return n.String()
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
