package sdk

import "testing"

func TestAttachment(t *testing.T) {
	req := ConfirmPaymentRequest{
		Attachments: []Attachment{{Field: "a", Filename: "1"}, {Field: "b", Filename: "2"}},
	}
	if got := req.Attachment("b"); got == nil || got.Filename != "2" {
		t.Errorf("got %v", got)
	}
	if got := req.Attachment("c"); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestLimit(t *testing.T) {
	l := MustLimit("USD", "0.01", "", 2)
	if l.Currency != "USD" || l.Min.String() != "0.01" || l.Max != nil || *l.Decimals != 2 {
		t.Errorf("got %+v", l)
	}
	defer func() {
		if recover() == nil {
			t.Error("a limit that is no amount is taken")
		}
	}()

	MustLimit("USD", "1e9", "", 2)
}

func TestOneAddress(t *testing.T) {
	for e, want := range map[Endpoint]int{{Environment: Sandbox}: 1, {Environment: Live}: 0, {Environment: Sandbox, BaseURL: "http://x"}: 0} {
		if got := e.OneAddress("the key"); len(got) != want {
			t.Errorf("%+v: %q", e, got)
		}
	}
}

func TestDisplayAdd(t *testing.T) {
	d := Display{Instructions: "Pay here."}
	d.Add("iban", "IBAN", "DE89")
	d.Add("text", "Text", "")
	if len(d.Fields) != 1 ||
		d.Fields[0] != (DisplayField{Name: "iban", Label: "IBAN", Value: "DE89"}) {
		t.Errorf("got %+v", d)
	}
}
