package simulator

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net"
	"net/http"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// How far a payment is.
const (
	statusOpen     = "open"
	statusPaid     = "paid"
	statusFailed   = "failed"
	statusCanceled = "canceled"
)

// linkRequest is what the document lists.
type linkRequest struct {
	Amount      json.Number `json:"amount"`
	CancelURL   string      `json:"cancel_url"`
	Currency    string      `json:"currency_code"`
	Email       string      `json:"customer_email"`
	FirstName   string      `json:"customer_firstname"`
	IP          string      `json:"customer_ip"`
	LastName    string      `json:"customer_lastname"`
	Phone       string      `json:"customer_phone"`
	Description string      `json:"description"`
	IPNFormat   string      `json:"ipn_format"`
	IPNURL      string      `json:"ipn_url"`
	OrderID     string      `json:"order_id"`
	ReturnURL   string      `json:"return_url"`
}

// refusal is the result of a request that failed; the zero refusal is none. The
// document knows the code E012 alone.
type refusal struct{ code, message string }

// createLink answers with status 200 also where it refuses: the document names
// no other. [decided]
func (s *Simulator) createLink(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		reply(
			w,
			false,
			map[string]string{"code": "E001", "message": "The request is too large."},
		)
		return
	}

	in, amount, no := s.read(r.Header.Get("Authorization"), body)
	if no != (refusal{}) {
		reply(w, false, map[string]string{"code": no.code, "message": no.message})
		return
	}

	entry := s.Enter(ledger.Entry{
		Kind:     ledger.Payment,
		OrderID:  in.OrderID,
		Amount:   amount,
		Currency: in.Currency,
		Status:   statusOpen,
		Details: map[string]string{
			"description": in.Description, "ipn_url": in.IPNURL, "ipn_format": in.IPNFormat,
			"return_url": in.ReturnURL, "cancel_url": in.CancelURL,
		},
	}, rand.Text)

	reply(w, true, map[string]string{
		"code": "00", "message": "Create payment link successfully.", "payment_link": s.Base(r) + "/pay/" + entry.ID,
	})
}

// read checks who calls before what is asked for.
func (s *Simulator) read(
	authorization string,
	body []byte,
) (in linkRequest, amount decimal.Decimal, no refusal) {
	if token, err := s.token(body); err != nil || authorization != "Bearer "+token {
		return in, amount, refusal{"E012", "Signature miss match."}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return in, amount, refusal{"E001", "The request is not valid."}
	}

	if in.Currency == "" {
		in.Currency = "USD"
	}
	amount, no = in.check()

	return in, amount, no
}

func (in *linkRequest) check() (decimal.Decimal, refusal) {
	for _, f := range []struct{ name, value string }{
		{"amount", in.Amount.String()}, {"cancel_url", in.CancelURL}, {"customer_email", in.Email},
		{"customer_firstname", in.FirstName}, {"customer_ip", in.IP}, {"customer_lastname", in.LastName},
		{"customer_phone", in.Phone}, {"description", in.Description}, {"ipn_url", in.IPNURL},
		{"order_id", in.OrderID}, {"return_url", in.ReturnURL},
	} {
		if f.value == "" {
			return decimal.Decimal{}, refusal{
				"E001",
				"The " + f.name + " field is required.",
			}
		}
	}

	amount, err := decimal.NewFromString(in.Amount.String())
	switch {
	case len(in.Amount) > 20 || err != nil || !amount.IsPositive() || !amount.Equal(amount.Truncate(2)):
		return amount, refusal{"E001", "The amount is invalid."}
	case in.Currency != "USD" && in.Currency != "EUR":
		return amount, refusal{"E001", "The currency_code is invalid."}
	case in.IPNFormat != "" && in.IPNFormat != "form" && in.IPNFormat != "json":
		return amount, refusal{"E001", "The ipn_format is invalid."}
	case net.ParseIP(in.IP) == nil:
		return amount, refusal{"E001", "The customer_ip is invalid."}

	case !sim.IsURL(in.IPNURL), !sim.IsURL(in.ReturnURL), !sim.IsURL(in.CancelURL):
		return amount, refusal{
			"E001",
			"The ipn_url, return_url and cancel_url must be URLs.",
		}
	}

	return amount, refusal{}
}

func reply(w http.ResponseWriter, status bool, result map[string]string) {
	sim.Reply(w, http.StatusOK, map[string]any{"status": status, "result": result})
}
