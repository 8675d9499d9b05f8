package sdk

import "testing"

func TestLookupOr(t *testing.T) {
	words := map[string]PaymentStatus{"paid": PaymentSucceeded}
	for word, want := range map[string]PaymentStatus{"paid": PaymentSucceeded, "Paid": PaymentUnderReview, "": PaymentUnderReview} {
		if got := LookupOr(words, word, PaymentUnderReview); got != want {
			t.Errorf("%q is %s", word, got)
		}
	}
}
