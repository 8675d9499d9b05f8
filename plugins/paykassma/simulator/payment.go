package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The statuses of a payment in the books.
const (
	statusShown    = "shown"    // the customer knows where to pay to
	statusOpen     = "open"     // the customer is on the page
	statusProven   = "proven"   // the proof is being looked at
	statusPaid     = "paid"     // told of by postback
	statusCanceled = "canceled" // no webhook tells it [decided]
)

// system is one of the payment systems that need activation.
type system struct {
	Type     string `json:"type"`
	Currency string `json:"currency_code"`
	Order    int    `json:"order"`
	Logo     string `json:"logo"`
	Name     string `json:"name"`
	Manual   bool   `json:"is_manual"`
	Bill     bool   `json:"uploading_payment_bill"`
}

// systems are not in their own order.
var systems = []system{
	{
		"staging_b_ml",
		"USD",
		6,
		"https://simulator.example/logos/staging_b_ml.png",
		"staging B ml",
		true,
		true,
	},
	{
		"nagad",
		"USD",
		5,
		"https://simulator.example/logos/nagad_default.svg",
		"Nagad",
		false,
		false,
	},
	{
		"phone_pe",
		"INR",
		7,
		"https://simulator.example/logos/phone_pe.svg",
		"PhonePe",
		false,
		true,
	},
	{"bkash", "BDT", 8, "https://simulator.example/logos/bkash.svg", "bKash", true, false},
}

func find(name, currency string) (system, bool) {
	for _, s := range systems {
		if s.Type == name && (currency == "" || s.Currency == currency) {
			return s, true
		}
	}
	return system{}, false
}

// listSystems takes its parameters as JSON, or in the query.
func (s *Simulator) listSystems(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Currencies []string `json:"currency_code"`
		Label      string   `json:"label"`
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		in.Currencies, in.Label = r.URL.Query()["currency_code[]"], r.URL.Query().
			Get("label")
	}

	if len(in.Currencies) == 0 || in.Label == "" {
		fail(w, wrongField("label", "The label field is required."))
		return
	}

	wallets, currencies := []system{}, []map[string]string{}
	for _, currency := range in.Currencies {
		currencies = append(
			currencies,
			map[string]string{"code": currency, "symbol": currency},
		)

		for _, sys := range systems {
			if sys.Currency == currency {
				wallets = append(wallets, sys)
			}
		}
	}

	sim.Reply(w, http.StatusOK, map[string]any{
		"status": "ok", "params": map[string]any{"currency_data": currencies, "wallets": wallets},
	})
}

func (s *Simulator) listHints(w http.ResponseWriter, _ *http.Request) {
	sim.Reply(
		w,
		http.StatusOK,
		map[string]any{
			"status":  "success",
			"message": "",
			"code":    20000,
			"data": map[string]any{
				"imps": map[string]any{
					"id":  486,
					"url": "https://simulator.example/guide-image/bkash.mp4",
				},
				"paytm": map[string]any{
					"id":  500,
					"url": "https://simulator.example/guide-image/paytm.gif",
				},
			},
		},
	)
}

// order is what the calls about a payment carry, in JSON or in the parts of a
// form.
type order struct {
	Language, Currency, Bank, Label, Key1, Screenshot string

	CurrencyCode string      `json:"currency_code"`
	WalletType   string      `json:"wallet_type"`
	Amount       json.Number `json:"amount"`
	ID           string      `json:"custom_transaction_id"`
	RedirectURL  string      `json:"redirect_url"`
}

// lacks names a field that is required and empty, "" when there is none.
func lacks(fields ...string) string {
	for f := range slices.Chunk(fields, 2) {
		if f[1] == "" || len([]rune(f[1])) > 190 {
			return f[0]
		}
	}
	return ""
}

// showWallet tells where to pay to.
func (s *Simulator) showWallet(w http.ResponseWriter, r *http.Request) {
	var in order
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		fail(w, "The request is not valid JSON.")
		return
	}

	if name := lacks("currency", in.Currency, "label", in.Label); name != "" {
		fail(w, wrongField(name, "The "+name+" field is required."))
		return
	}

	if _, known := find(r.PathValue("system"), in.Currency); !known {
		fail(w, "Payment system is not available")
		return
	}

	// The order and the amount come with the customer's proof.
	s.Enter(ledger.Entry{
		Kind:      ledger.Payment,
		Recipient: in.Label,
		Currency:  in.Currency,
		Status:    statusShown,
		Details:   map[string]string{"system": r.PathValue("system"), "label": in.Label},
	}, newID)
	sim.Reply(
		w,
		http.StatusOK,
		map[string]any{
			"status": "ok",
			"params": map[string]any{"identifier": "6234234234"},
		},
	)
}

// activate takes the number of a transaction for systems that check it by
// themselves.
func (s *Simulator) activate(w http.ResponseWriter, r *http.Request) {
	var in order
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		fail(w, "The request is not valid JSON.")
		return
	}
	s.prove(w, in, false)
}

// takeProof takes a form, for systems at which a person looks at it.
func (s *Simulator) takeProof(w http.ResponseWriter, r *http.Request) {
	if r.ParseMultipartForm(maxBody) != nil {
		fail(w, "The request is not multipart/form-data.")
		return
	}

	in := order{
		CurrencyCode: r.FormValue("currency_code"),
		WalletType:   r.FormValue("wallet_type"),
		Label:        r.FormValue("label"),
		Key1:         r.FormValue("key1"),
		Amount:       json.Number(r.FormValue("amount")),
		ID:           r.FormValue("custom_transaction_id"),
	}

	if file, header, err := r.FormFile("screenshot"); err == nil {
		in.Screenshot = header.Filename
		_ = file.Close()
	}

	s.prove(w, in, true)
}

// Numbers of transactions that make something happen. [decided]
const (
	UnknownKey    = "UNKNOWN"    // no such transaction has come yet
	SuspiciousKey = "SUSPICIOUS" // the support must look at it
)

// prove takes a proof for the last wallet that was shown to the customer.
func (s *Simulator) prove(w http.ResponseWriter, in order, manual bool) {
	name := lacks(
		"currency_code",
		in.CurrencyCode,
		"wallet_type",
		in.WalletType,
		"label",
		in.Label,
		"key1",
		in.Key1,
		"custom_transaction_id",
		in.ID,
	)

	sys, known := find(in.WalletType, in.CurrencyCode)
	amount, err := decimal.NewFromString(in.Amount.String())

	switch {
	case name != "":
		fail(w, wrongField(name, "The "+name+" field is required."))
	case !known || sys.Manual != manual:
		fail(w, "Payment system is not available")
	case len(in.ID) > 64:
		fail(
			w,
			wrongField(
				"custom_transaction_id",
				"The custom transaction id may not be greater than 64 characters.",
			),
		)

	case len(in.Amount) > 20 || err != nil || !amount.IsPositive():
		fail(w, wrongField("amount", "The amount must be a number."))
	case len(in.Key1) < 4:
		fail(w, wrongField("key1", "Transaction field has wrong length")) // [doc]
	case !s.proven(in, amount):
		fail(w, "There is no payment to activate")
	case strings.HasPrefix(in.Key1, UnknownKey): // [doc]
		sim.Reply(w, http.StatusOK, map[string]any{
			"status": "possible_transaction_created", "message": "Transaction not found. Possible transaction created",
		})

	case strings.HasPrefix(in.Key1, SuspiciousKey): // [doc], but for the status
		sim.Reply(
			w,
			http.StatusBadRequest,
			map[string]any{
				"status": "fail",
				"message": "Check of deposit status started. " +
					"The operation may take longer than expected. Once checked the funds will credit to you account",
			},
		)

	case manual:
		sim.Reply(
			w,
			http.StatusOK,
			map[string]any{
				"status":   "success",
				"message":  "",
				"code":     20000,
				"data":     []any{},
				"paginate": map[string]int{"offset": 0, "total": 1, "limit": 1},
			},
		)

		s.finish(in.ID)

	default:
		sim.Reply(w, http.StatusOK, map[string]any{"status": "ok"})
		s.finish(in.ID)
	}
}

// proven enters the proof with the payment, and reports whether there is one.
func (s *Simulator) proven(in order, amount decimal.Decimal) bool {
	entries := s.Ledger().Entries()
	// The newest entry that fits takes the proof.
	for i := len(entries) - 1; i >= 0; i-- {
		entry := entries[i]
		fits := entry.Kind == ledger.Payment && entry.Details["label"] == in.Label &&
			entry.Details["system"] == in.WalletType
		if !fits ||
			(entry.Status != statusShown && (entry.Status != statusProven || entry.OrderID != in.ID)) {
			continue
		}

		s.Ledger().Change(ledger.Payment, entry.ID, func(e *ledger.Entry) {
			e.OrderID = in.ID
			e.Amount = amount
			e.Status = statusProven
			e.Details = map[string]string{
				"label": in.Label, "system": in.WalletType, "key1": in.Key1, "screenshot": in.Screenshot,
			}
		})

		return true
	}

	return false
}

// openPage makes a payment whose customer pays on a page. Where its link is,
// the document does not say. [decided]
func (s *Simulator) openPage(w http.ResponseWriter, r *http.Request) {
	var in order
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		fail(w, "The request is not valid JSON.")
		return
	}

	name := lacks(
		"language",
		in.Language,
		"currency",
		in.Currency,
		"bank",
		in.Bank,
		"label",
		in.Label,
		"custom_transaction_id",
		in.ID,
	)

	amount, err := decimal.NewFromString(in.Amount.String())
	switch {
	case name != "":
		fail(w, wrongField(name, "The "+name+" field is required."))
		return
	case !sim.IsURL(in.RedirectURL):
		fail(w, wrongField("redirect_url", "The redirect url format is invalid."))
		return
	case len(in.Amount) > 20 || err != nil || !amount.IsPositive():
		fail(w, wrongField("amount", "The amount must be a number."))
		return
	}

	entry := s.Enter(ledger.Entry{
		Kind:     ledger.Payment,
		OrderID:  in.ID,
		Amount:   amount,
		Currency: in.Currency,
		Status:   statusOpen,
		Details: map[string]string{
			"system":       r.PathValue("system"),
			"label":        in.Label,
			"redirect_url": in.RedirectURL,
		},
	}, newID)

	sim.Reply(
		w,
		http.StatusOK,
		map[string]any{"status": "ok", "url": s.Base(r) + "/payment/" + entry.ID},
	)
}
