package sdk

import (
	"fmt"
	"testing"
	"time"
)

func TestTransfersReceived(t *testing.T) {
	one := ReadMoney("1.50", "INR")
	same := ReadMoney("1.5", "INR")
	two := ReadMoney("2", "INR")
	type transfer struct {
		reference, id string
		amount        *Money
	}

	for want, list := range map[string][]transfer{
		"p succeeded [{a 1.5 INR}] ":                                   {{"p", "a", one}, {"p", "a", same}},
		"p succeeded [{a 1.5 INR} {b 2 INR}] q succeeded [{c 2 INR}] ": {{"p", "a", one}, {"q", "c", two}, {"p", "b", two}},
		"p under_review [{a 1.5 INR}] ":                                {{"p", "a", one}, {"p", "a", two}},
		"p under_review [{a 1.5 INR} {b 2 INR}] ":                      {{"p", "a", one}, {"p", "", one}, {"p", "b", two}},
		"p under_review [] ":                                           {{"p", "a", nil}},
		" succeeded [{a 1.5 INR}]  succeeded [{b 2 INR}] ":             {{"", "a", one}, {"", "b", two}, {"", "a", one}},
	} {
		var events Transfers
		at := time.Unix(7, 0)

		for _, of := range list {
			events.Received(of.reference, at, of.id, of.amount)
			at = time.Unix(8, 0)
		}

		got := ""
		for _, e := range events {
			got += fmt.Sprint(
				e.Reference,
				" ",
				e.Payment.Status,
				" ",
				e.Payment.Receipts,
				" ",
			)
		}

		if got != want || events[0].OccurredAt.Unix() != 7 ||
			events[0].Payment.ProviderReference != list[0].id {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTransfersSent(t *testing.T) {
	amount := ReadMoney("1", "INR")
	var events Transfers
	events.Sent(
		"a",
		time.Time{},
		Payout{Status: PayoutSucceeded, Amount: amount, Message: "by file"},
	)
	events.Sent("b", time.Time{}, Payout{Status: PayoutSucceeded})

	events.Sent("c", time.Time{}, Payout{Status: PayoutFailed, Amount: amount})
	events.Sent("c", time.Time{}, Payout{Status: PayoutFailed, Amount: amount})
	events.Received("a", time.Time{}, "1", amount)
	events.Sent("d", time.Time{}, Payout{Amount: amount, ProviderStatus: "7"})
	if list := events.Payments().Payments; len(list) != 1 || list[0].Reference != "a" ||
		len(list[0].Payment.Receipts) != 1 {
		t.Errorf("listed payments: %+v", list)
	}

	if list := events.Payouts().Payouts; len(list) != 4 || list[3].Reference != "d" ||
		list[3].Payout.ProviderStatus != "7" {
		t.Errorf("listed payouts: %+v", list)
	}

	if len(events) != 5 {
		t.Fatalf("%d events", len(events))
	}
	find := func(reference string) *Payout {
		e, told := events.Find(reference, true)
		if !told {
			t.Fatalf("%s is not told of", reference)
		}
		return e.Payout
	}
	if p := find("a"); p.Status != PayoutSucceeded || p.Message != "by file" ||
		p.Amount != amount {
		t.Errorf("one that is clear: %+v", p)
	}

	for _, reference := range []string{"b", "c", "d"} {
		if p := find(reference); p.Status != PayoutUnderReview || p.Message == "" {
			t.Errorf("%s: %+v", reference, p)
		}
	}

	if e, told := events.Find("a", false); !told || e.Payment == nil {
		t.Errorf("a payment with the payout's reference: %+v", e)
	}
	if e, told := events.Find("b", false); told {
		t.Errorf("got %+v", e)
	}
}
