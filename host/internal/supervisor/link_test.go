package supervisor

import (
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

func TestWhereAPluginMaySendACustomer(t *testing.T) {
	for link, want := range map[string]struct{ open, web bool }{
		"https://pay.example/1?a=b c#d":              {true, true},
		"HTTPS://pay.example":                        {true, true},
		"http://pay.example/%zz?q=100%":              {true, true},
		"upi://pay?pa=shop@bank&am=60":               {true, false},
		"bitcoin:bc1qar0srrr7xfkvy5l643?amount=0.5":  {true, false},
		"tel:+493012345":                             {true, false},
		"mailto:pay@example.com":                     {true, false},
		"bank-app+v2.1://pay/1":                      {true, false},
		"javascript:alert(1)":                        {},
		"JavaScript://pay.example/%0aalert(1)":       {},
		" javascript:alert(1)":                       {},
		"java\nscript:alert(1)":                      {},
		"java\tscript:alert(1)":                      {},
		"\x00javascript:alert(1)":                    {},
		"data:text/html,<script>1</script>":          {},
		"DATA:text/html;base64,AAAA":                 {},
		"vbscript:msgbox(1)":                         {},
		"file:///etc/passwd":                         {},
		"blob:https://pay.example/1":                 {},
		"filesystem:https://pay.example/temporary/1": {},
		"view-source:https://pay.example":            {},
		"about:blank":                                {},
		"//pay.example/1":                            {},
		"/pay/1":                                     {},
		"pay.example":                                {},
		"":                                           {},
		"https:":                                     {},
		"https:///1":                                 {},
		"https:pay.example":                          {},
		`https:\\pay.example`:                        {},
		"https://pay.example/\r\nSet-Cookie: a=b":    {},
	} {
		if why := checkLink(link); (why == "") != want.open {
			t.Errorf("%q to open: %q", link, why)
		}
		if why := checkWebLink(link); (why == "") != want.web {
			t.Errorf("%q to load: %q", link, why)
		}
	}
}

// bad is a payment that wants to run a script, and says that it is paid.
func bad() sdk.Payment {
	return sdk.Payment{Status: sdk.PaymentSucceeded, ProviderReference: "theirs", Message: "done",
		NextAction: sdk.RedirectTo("javascript:alert(1)")}
}

// In whichever answer it comes the address is gone, and the rest is there.
func TestNoAnswerBringsAScript(t *testing.T) {
	one, listed, noticed, returned, pointed := bad(), bad(), bad(), bad(), bad()
	list := &sdk.ListPaymentsResponse{Payments: []sdk.ListedPayment{{Payment: listed}}}
	notice := &sdk.WebhookResult{Events: []sdk.Event{{ID: "1", Refund: &sdk.Refund{}}, {Payment: &noticed}}}
	back := &sdk.Return{Events: []sdk.Event{{Payment: &returned}, {Payout: &sdk.Payout{}}}}
	for name, c := range map[string]struct {
		answer any
		about  func() *sdk.Payment
	}{
		"a payment": {&one, func() *sdk.Payment { return &one }},
		"a list":    {list, func() *sdk.Payment { return &list.Payments[0].Payment }},
		"a webhook": {notice, func() *sdk.Payment { return notice.Events[1].Payment }},
		"a return":  {back, func() *sdk.Payment { return back.Events[0].Payment }},
	} {
		dropped := dropLinks(c.answer)
		p := c.about()
		if (len(dropped) != 1) || (p.NextAction != nil) || !strings.Contains(p.Message, "done (not passed on: ") {
			t.Errorf("%s: %v, %+v", name, dropped, p)
		}
		if (p.Status != sdk.PaymentSucceeded) || (p.ProviderReference != "theirs") {
			t.Errorf("%s: what became of the money is lost: %+v", name, p)
		}
	}

	pointed.NextAction = &sdk.NextAction{Redirect: &sdk.Redirect{URL: "upi://pay", Method: "POST"}}
	if dropped := dropLinks(&pointed); len(dropped) != 1 {
		t.Errorf("a form for an app: %v", dropped)
	}
	methods := []sdk.PaymentMethod{
		{ID: "good", LogoURL: "https://pay.example/logo.png"}, {ID: "none"}, {ID: "bad", LogoURL: "javascript:alert(1)"},
		{ID: "inline", LogoURL: "data:image/svg+xml,<svg onload='1'/>"},
	}
	if dropped := dropLinks(methods); (len(dropped) != 2) || (methods[0].LogoURL == "") || (methods[2].LogoURL+methods[3].LogoURL != "") {
		t.Errorf("logos: %v, %+v", dropped, methods)
	}
	if dropped := dropLinks((*sdk.Payment)(nil)); dropped != nil {
		t.Errorf("no answer: %v", dropped)
	}
}
