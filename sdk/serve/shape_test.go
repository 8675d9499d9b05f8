package serve_test

import (
	"context"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/serve"
)

type named struct{}

func (named) Info() sdk.Info { return sdk.Info{Name: "acme"} }

type (
	oldRequest   struct{ named }
	noContext    struct{ named }
	byValue      struct{ named }
	otherCase    struct{ named }
	noError      struct{ named }
	oddClose     struct{ named }
	oddDescriber struct{ named }
	pointerOnly  struct{ named }
	whole        struct{}
)

func (*oldRequest) GetPayout(
	context.Context,
	string,
) (*sdk.Payout, error) {
	return nil, nil
}

func (*noContext) CheckHealth() (sdk.Health, error) { return sdk.Health{}, nil }

func (*byValue) ParseWebhook(
	context.Context,
	sdk.ParseWebhookRequest,
) (sdk.WebhookResult, error) {
	return sdk.WebhookResult{}, nil
}
func (*otherCase) GetPayOut(context.Context, sdk.GetPayoutRequest) (*sdk.Payout, error) {
	return nil, nil
}
func (*noError) GetBalances(context.Context) []sdk.Balance { return nil }
func (*oddClose) Close()                                   {}
func (*oddDescriber) DescribeAccount() *sdk.AccountDescription {
	return nil
}

func (*pointerOnly) GetPayment(
	context.Context,
	sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	return nil, nil
}
func (*whole) GetPayment(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
	return nil, nil
}
func (*whole) Info() sdk.Info    { return sdk.Info{Name: "acme"} }
func (*whole) Close() error      { return nil }
func (*whole) GetPaymentLimits() {} // called like none
func (*whole) Payout()           {}

// panicOf returns what NewServer says of a provider's type.
func panicOf[P sdk.Provider]() (said string) {
	defer func() {
		if p := recover(); p != nil {
			said, _ = p.(string)
		}
	}()

	serve.NewServer(func(struct{}, sdk.Runtime) (P, error) {
		var none P
		return none, nil
	}, serve.Options{})

	return ""
}

func TestAMethodThatIsCalledLikeAVerbMustBeIt(t *testing.T) {
	for said, names := range map[string][]string{
		panicOf[*oldRequest]():   {"oldRequest", "GetPayout", "sdk.PayoutGetter", "GetPayout(context.Context, sdk.GetPayoutRequest) (*sdk.Payout, error)"},
		panicOf[*noContext]():    {"noContext", "CheckHealth(context.Context)"},
		panicOf[*byValue]():      {"byValue", "(*sdk.WebhookResult, error)"},
		panicOf[*otherCase]():    {"otherCase", "GetPayOut", "GetPayout(context.Context"},
		panicOf[*noError]():      {"noError", "([]sdk.Balance, error)"},
		panicOf[*oddClose]():     {"oddClose", "Close() error"},
		panicOf[*oddDescriber](): {"oddDescriber", "DescribeAccount() sdk.AccountDescription"},
		panicOf[pointerOnly]():   {"pointerOnly", "GetPayment", "receiver"},
	} {
		for _, name := range names {
			if !strings.Contains(said, name) {
				t.Errorf("%q does not say %q", said, name)
			}
		}
	}

	if said := panicOf[*whole](); said != "" {
		t.Errorf("a good provider is refused: %s", said)
	}
}
