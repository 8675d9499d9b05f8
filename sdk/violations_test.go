package sdk

import (
	"slices"
	"testing"
)

func TestViolations(t *testing.T) {
	var wrong Violations
	wrong.Add(false, "amount", "must be positive")
	if err := wrong.Err(); err != nil {
		t.Fatalf("nothing was wrong, got %v", err)
	}

	wrong.Add(true, "method", "must be there")
	wrong.Add(true, "customer.id", "must be there")
	e := AsError(wrong.Err())
	if e == nil || e.Code != CodeInvalidRequest || e.Outcome != OutcomeNotSent || len(e.Violations) != 2 ||
		e.Violations[0].Field != "method" ||
		e.Violations[1].Field != "customer.id" {
		t.Errorf("got %+v", e)
	}
}

func TestViolationsOfWhatIsNeeded(t *testing.T) {
	var wrong Violations
	wrong.Need("customer.email", "a@b.example", "customer.ip", " \t", "success_url", "")
	wrong.NeedText(3, "method", "äöü", "label", "äöüß", "bank", " ")
	e := AsError(wrong.Err())
	if e == nil {
		t.Fatal("nothing is wrong")
	}

	got := ""
	for _, v := range e.Violations {
		got += v.Field + ": " + v.Message + "\n"
	}
	const want = "customer.ip: is needed\nsuccess_url: is needed\nlabel: must have 1 to 3 characters\nbank: must have 1 to 3 characters\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestReferences(t *testing.T) {
	payments := ListPaymentsRequest{
		Payments: []PaymentContext{{Reference: "b"}, {Reference: "a"}},
	}.References()
	payouts := ListPayoutsRequest{
		Payouts: []PayoutContext{{Reference: "d"}, {Reference: "c"}},
	}.References()
	if got := append(payments, payouts...); !slices.Equal(
		got,
		[]string{"b", "a", "d", "c"},
	) {
		t.Errorf("got %q", got)
	}

	if got := (ListPaymentsRequest{}).References(); got != nil {
		t.Errorf("of nothing: %q", got)
	}
}
