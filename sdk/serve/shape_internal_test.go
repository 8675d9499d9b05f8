package serve

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

func TestEveryVerbIsHeldToItsName(t *testing.T) {
	held := map[string]bool{}
	for _, offer := range optional {
		if offer.of.NumMethod() != 1 {
			t.Errorf("%s has %d methods", offer.of, offer.of.NumMethod())
		}
		held[offer.of.Method(0).Name] = true
	}

	verbs := reflect.TypeFor[*client.Account]()
	for i := range verbs.NumMethod() {
		if name := verbs.Method(i).Name; !held[name] && (name != "Call") {
			t.Errorf("a method that is called %s, and is not the verb, passes", name)
		}
	}
}

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
	got := capabilitiesOf(reflect.TypeFor[everything]())
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Each of these has one method, called like one of the contract's.
type (
	oddCheckHealth        struct{}
	oddListPaymentMethods struct{}
	oddCreatePayment      struct{}
	oddConfirmPayment     struct{}
	oddGetPayment         struct{}
	oddListPayments       struct{}
	oddCapturePayment     struct{}
	oddCancelPayment      struct{}
	oddCreateRefund       struct{}
	oddGetRefund          struct{}
	oddCreatePayout       struct{}
	oddGetPayout          struct{}
	oddListPayouts        struct{}
	oddGetBalances        struct{}
	oddParseWebhook       struct{}
	oddParseReturn        struct{}
	oddInvokeOperation    struct{}
	oddDescribeAccount    struct{}
	oddTakesCurrency      struct{}
	oddClose              struct{}
)

func (oddCheckHealth) CheckHealth(int8) string               { return "" }
func (oddListPaymentMethods) ListPaymentMethods(int8) string { return "" }
func (oddCreatePayment) CreatePayment(int8) string           { return "" }
func (oddConfirmPayment) ConfirmPayment(int8) string         { return "" }
func (oddGetPayment) GetPayment(int8) string                 { return "" }
func (oddListPayments) ListPayments(int8) string             { return "" }
func (oddCapturePayment) CapturePayment(int8) string         { return "" }
func (oddCancelPayment) CancelPayment(int8) string           { return "" }
func (oddCreateRefund) CreateRefund(int8) string             { return "" }
func (oddGetRefund) GetRefund(int8) string                   { return "" }
func (oddCreatePayout) CreatePayout(int8) string             { return "" }
func (oddGetPayout) GetPayout(int8) string                   { return "" }
func (oddListPayouts) ListPayouts(int8) string               { return "" }
func (oddGetBalances) GetBalances(int8) string               { return "" }
func (oddParseWebhook) ParseWebhook(int8) string             { return "" }
func (oddParseReturn) ParseReturn(int8) string               { return "" }
func (oddInvokeOperation) InvokeOperation(int8) string       { return "" }
func (oddDescribeAccount) DescribeAccount(int8) string       { return "" }
func (oddTakesCurrency) TakesCurrency(int8) string           { return "" }
func (oddClose) Close(int8) string                           { return "" }

func TestANearMissOfAnyVerbIsRefusedWithBothSignatures(t *testing.T) {
	odd := map[string]reflect.Type{}
	for _, shape := range []reflect.Type{
		reflect.TypeFor[oddCheckHealth](),
		reflect.TypeFor[oddListPaymentMethods](),
		reflect.TypeFor[oddCreatePayment](),
		reflect.TypeFor[oddConfirmPayment](),
		reflect.TypeFor[oddGetPayment](),
		reflect.TypeFor[oddListPayments](),
		reflect.TypeFor[oddCapturePayment](),
		reflect.TypeFor[oddCancelPayment](),
		reflect.TypeFor[oddCreateRefund](),
		reflect.TypeFor[oddGetRefund](),
		reflect.TypeFor[oddCreatePayout](),
		reflect.TypeFor[oddGetPayout](),
		reflect.TypeFor[oddListPayouts](),
		reflect.TypeFor[oddGetBalances](),
		reflect.TypeFor[oddParseWebhook](),
		reflect.TypeFor[oddParseReturn](),
		reflect.TypeFor[oddInvokeOperation](),
		reflect.TypeFor[oddDescribeAccount](),
		reflect.TypeFor[oddTakesCurrency](),
		reflect.TypeFor[oddClose](),
	} {
		odd[shape.Method(0).Name] = shape
	}

	for _, offer := range optional {
		want := offer.of.Method(0)
		shape, ok := odd[want.Name]
		if !ok {
			t.Errorf("%s is not in the table", want.Name)
			continue
		}
		for _, receiver := range []reflect.Type{shape, reflect.PointerTo(shape)} {
			err := checkShape(receiver)
			if err == nil {
				t.Errorf("%s passes", receiver)
				continue
			}
			for _, part := range []string{
				receiver.String(), offer.of.String(),
				want.Name + "(int8) string",
				want.Name + strings.TrimPrefix(want.Type.String(), "func"),
			} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		}
	}
}
