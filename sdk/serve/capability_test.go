package serve

import (
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// everything implements every interface, and nothing behind them.
type everything struct {
	sdk.Provider
	sdk.HealthChecker
	sdk.MethodLister
	sdk.PaymentCreator
	sdk.PaymentConfirmer
	sdk.PaymentGetter
	sdk.PaymentLister
	sdk.PaymentCapturer
	sdk.PaymentCanceler
	sdk.RefundCreator
	sdk.RefundGetter
	sdk.PayoutCreator
	sdk.PayoutGetter
	sdk.PayoutLister
	sdk.BalanceGetter
	sdk.WebhookParser
	sdk.ReturnParser
	sdk.OperationInvoker
}

func TestEveryCapabilityOfTheContractIsDerived(t *testing.T) {
	var want []sdk.Capability
	for number := 1; number < len(pb.Capability_name); number++ {
		name := strings.TrimPrefix(pb.Capability(number).String(), "CAPABILITY_")
		want = append(want, sdk.Capability(strings.ToLower(name)))
	}
	got := capabilitiesOf(everything{})
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
