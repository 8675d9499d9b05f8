package caller_test

import (
	"testing"

	"github.com/payhost/payhost/host/internal/caller"
)

func TestToWriteIsToRead(t *testing.T) {
	for _, has := range caller.Scopes() {
		who := caller.Caller{Scopes: []caller.Scope{has}}
		for _, asked := range caller.Scopes() {
			want := has == asked
			switch has {
			case caller.PaymentsWrite:
				want = want || asked == caller.PaymentsRead
			case caller.PayoutsWrite:
				want = want || asked == caller.PayoutsRead
			case caller.WebhooksWrite:
				want = want || asked == caller.WebhooksRead
			case caller.ProvidersOperate:
				want = want || asked == caller.ProvidersRead
			}
			if got := who.May(asked); got != want {
				t.Errorf("with %s, %s is %v", has, asked, got)
			}
		}
		if !who.May(caller.Any) || (caller.Caller{}).May(has) {
			t.Errorf("%s: everybody or nobody", has)
		}
	}
}

func TestWithoutACallerItIsTheService(t *testing.T) {
	who, known := caller.Of(t.Context())
	if known || !who.Unlimited || !who.May(caller.Admin) || !who.Sees("any") || who.Name != "api" {
		t.Errorf("got %+v, %v", who, known)
	}

	ctx := caller.With(t.Context(), caller.Caller{Name: "shop", Token: true, Providers: []string{"a"}})
	who, known = caller.Of(ctx)
	if !known || who.May(caller.PaymentsRead) || who.Sees("b") || !who.Sees("a") ||
		who.Operator() != "shop" {
		t.Errorf("got %+v, %v", who, known)
	}
}
