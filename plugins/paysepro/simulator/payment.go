package simulator

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// How far a payment is.
const (
	statusOpen = "open"
	statusPaid = "ok"
	statusNot  = "ko" // canceled, failed, or not yet paid: a notification does not tell
)

// method is one of the document's example.
type method struct {
	name, country, price, pmin, pmax string
}

// methodsOf returns what the module offers in a country: the document's example
// everywhere, and nothing in Antarctica.
func methodsOf(cc string) []method {
	if strings.EqualFold(cc, "aq") {
		return nil
	}
	return []method{
		{"neosurf", cc, "12.00", "1.00", "1000.00"},
		{"sofort", cc, "0.000", "2.00", "500.00"},
		{"bitcoin", "", "0.000", "1.00", "1000.00"},
	}
}

var country = regexp.MustCompile(`^[A-Za-z]{2}$`)

// getData answers with status 200 also where it refuses. [decided]
func (s *Simulator) getData(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	cc := q.Get("cc")
	code := s.identify(r, q.Get("uid"), q.Get("mid"), cc)
	if code == "" && !country.MatchString(cc) {
		code = "32"
	}

	if code != "" {
		reply(
			w,
			map[string]any{
				"error":   code,
				"message": "API response -> error.",
				"data":    []any{},
			},
		)

		return
	}

	byName := map[string]any{}
	for _, m := range methodsOf(cc) {
		byName[m.name] = []map[string]string{{
			"method": m.name, "country": m.country, "price": m.price, "pmin": m.pmin, "pmax": m.pmax,
		}}
	}

	var methods any = byName
	if len(byName) == 0 {
		methods = []any{} // as PHP does
	}
	reply(w, map[string]any{
		"error": 0, "message": "API response -> successful request.",
		"data": map[string]any{
			"error": 0,
			"sites": map[string]string{"status": "enabled", "url": "https://test.com/"},
			"modules": map[string]any{
				"price": "12.00", "status": "enabled", "currency": "USD", "country": cc, "api_ip": "167.57.38.174", "methods": methods,
			},
			"gateway": map[string]string{"url": s.APIBase(r) + "/createCode.php"},
		},
	})
}

// createCode refuses with the code alone. [doc]
func (s *Simulator) createCode(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		reply(w, map[string]string{"error": "17"})
		return
	}

	form := r.PostForm
	price, no := s.check(r, form)
	if no != "" {
		reply(w, map[string]string{"error": no})
		return
	}

	entry := s.Enter(ledger.Entry{
		Kind:     ledger.Payment,
		OrderID:  form.Get("ucode"),
		Amount:   price,
		Currency: "USD",
		Status:   statusOpen,
		Details: map[string]string{
			"type":  form.Get("type"),
			"cc":    form.Get("cc"),
			"email": form.Get("email"),
		},
	}, func() string { return rand.Text()[:12] })

	query := url.Values{
		"uid":     {s.uid},
		"mid":     {s.mid},
		"method":  {form.Get("type")},
		"country": {form.Get("cc")},
		"code":    {entry.ID},
	}
	page := s.Base(r) + "/pay.php?" + query.Encode()

	s.Ledger().
		Change(ledger.Payment, entry.ID, func(e *ledger.Entry) { e.Details["page"] = page })
	reply(
		w,
		map[string]any{
			"code":  entry.ID,
			"price": price.InexactFloat64(),
			"error": 0,
			"url":   page,
		},
	)
}

// check returns the price, or the error code of what is wrong.
func (s *Simulator) check(
	r *http.Request,
	form url.Values,
) (price decimal.Decimal, code string) {
	switch {
	case form.Get("uid") == "":
		return price, "03"
	case form.Get("mid") == "":
		return price, "04"
	}

	if code := s.identify(r, form.Get("uid"), form.Get("mid"), form.Get("cc")); code != "" {
		return price, code
	}
	if form.Get("email") == "" {
		return price, "02"
	}

	price, err := decimal.NewFromString(form.Get("price"))
	if len(form.Get("price")) > 20 || err != nil || !price.IsPositive() {
		return price, "17"
	}

	for _, m := range methodsOf(form.Get("cc")) {
		if m.name != form.Get("type") {
			continue
		}
		if price.LessThan(decimal.RequireFromString(m.pmin)) ||
			price.GreaterThan(decimal.RequireFromString(m.pmax)) {
			return price, "17" // no code is said to be for it [decided]
		}

		return price, ""
	}

	return price, "01"
}
