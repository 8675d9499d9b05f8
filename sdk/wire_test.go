package sdk

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// values makes author values that keep the contract, so that all of them must arrive as they were.
var values rapid.MakeConfig

func init() {
	values = rapid.MakeConfig{
		Kinds: map[reflect.Kind]*rapid.Generator[any]{
			reflect.String: shortText().AsAny(),
			reflect.Int:    rapid.IntRange(200, 599).AsAny(), // HTTP status, attempt, contract version
		},
		Types: map[reflect.Type]*rapid.Generator[any]{
			reflect.TypeFor[decimal.Decimal](): rapid.Custom(drawAmount).AsAny(),
			reflect.TypeFor[Money]():           rapid.Custom(drawMoney).AsAny(),
			reflect.TypeFor[time.Time]():       rapid.Custom(drawTime).AsAny(),
			reflect.TypeFor[time.Duration]():   rapid.Map(rapid.Int64Range(0, math.MaxInt64), func(n int64) time.Duration { return time.Duration(n) }).AsAny(),
			reflect.TypeFor[json.RawMessage](): rapid.Just(json.RawMessage(`{"a": [1.50]}`)).AsAny(),
			reflect.TypeFor[http.Header]():     rapid.Custom(drawHeader).AsAny(),
			reflect.TypeFor[Event]():           rapid.Custom(drawEvent).AsAny(),
			reflect.TypeFor[NextAction]():      rapid.Custom(drawNextAction).AsAny(),
			reflect.TypeFor[Receipt]():         rapid.Custom(drawReceipt).AsAny(),
			reflect.TypeFor[Field]():           rapid.Custom(drawField).AsAny(),
			reflect.TypeFor[Code]():            anyOf(errorCodes),
			reflect.TypeFor[Outcome]():         anyOf(outcomes),
			reflect.TypeFor[Capability]():      anyOf(capabilities),
			reflect.TypeFor[RetryBehavior]():   anyOf(repeats),
			reflect.TypeFor[WebhookTrust]():    anyOf(webhookTrusts),
			reflect.TypeFor[Flow]():            anyOf(flows),
			reflect.TypeFor[FieldKind]():       anyOf(fieldKinds),
			reflect.TypeFor[HealthState]():     anyOf(healthStates),
			reflect.TypeFor[PaymentStatus]():   anyOf(paymentStatuses),
			reflect.TypeFor[PayoutStatus]():    anyOf(payoutStatuses),
			reflect.TypeFor[RefundStatus]():    anyOf(refundStatuses),
			reflect.TypeFor[URLScope]():        anyOf(urlScopes),
			reflect.TypeFor[Verification]():    anyOf(verifications),
		},
		Fields: map[reflect.Type]map[string]*rapid.Generator[any]{
			reflect.TypeFor[Info](): {
				"Name": rapid.StringMatching(`[a-z0-9-]{1,32}`).AsAny(), "Currencies": currencyLists().AsAny(),
				"PaymentFields": fieldLists(paymentTexts(CreatePaymentRequest{})).AsAny(),
				"PayoutFields":  fieldLists(payoutTexts(CreatePayoutRequest{})).AsAny(),
			},
			reflect.TypeFor[AccountInfo](): {"Currencies": currencyLists().AsAny()},
			reflect.TypeFor[AmountLimit](): {"Currency": currencyCodes().AsAny()},
			reflect.TypeFor[Operation]():   {"Name": rapid.StringMatching(`[a-z0-9_]{1,64}`).AsAny()},
		},
	}
}

func shortText() *rapid.Generator[string] { return rapid.StringN(0, 20, 60) }
func currencyCodes() *rapid.Generator[string] {
	return rapid.StringMatching(`[A-Z0-9][A-Z0-9._-]{0,31}`)
}
func currencyLists() *rapid.Generator[[]string] {
	return rapid.SliceOfN(currencyCodes(), 0, 3)
}

func fieldLists(known map[string]string) *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(known))), 0, 3)
}

// anyOf gives the names of the contract and one that only a later version may know.
func anyOf[A ~string, W ~int32](e enum[A, W]) *rapid.Generator[any] {
	return rapid.SampledFrom(append(e.all(), unrecognized+"77", unrecognized+"-3")).AsAny()
}

func drawAmount(t *rapid.T) decimal.Decimal {
	d := decimal.New(rapid.Int64Range(0, math.MaxInt64).Draw(t, "digits"), -rapid.Int32Range(0, 18).Draw(t, "decimals"))
	return decimal.RequireFromString(d.String())
}

func drawMoney(t *rapid.T) Money {
	return Money{Amount: drawAmount(t), Currency: currencyCodes().Draw(t, "currency")}
}

func drawTime(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "zero") {
		return time.Time{}
	}
	return time.Unix(rapid.Int64Range(-1<<33, 1<<36).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC()
}

func drawHeader(t *rapid.T) http.Header {
	h := http.Header{}
	for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"Content-Type", "X-Sign", "Accept"}), 0, 3).Draw(t, "names") {
		h.Add(name, shortText().Draw(t, "value"))
	}
	return h
}

func drawEvent(t *rapid.T) Event {
	e := Event{ID: shortText().Draw(t, "id"), Reference: shortText().Draw(t, "reference"), OccurredAt: drawTime(t), BothReferences: rapid.Bool().Draw(t, "both references")}
	switch rapid.IntRange(0, 2).Draw(t, "about") {
	case 0:
		p := author[Payment]().Draw(t, "payment")
		e.Payment = &p
	case 1:
		p := author[Payout]().Draw(t, "payout")
		e.Payout = &p
	case 2:
		p := author[Refund]().Draw(t, "refund")
		e.Refund, e.PaymentReference = &p, shortText().Draw(t, "payment reference")
	}
	return e
}

func drawNextAction(t *rapid.T) NextAction {
	if rapid.Bool().Draw(t, "redirect") {
		r := author[Redirect]().Draw(t, "redirect to")
		r.URL += "https://provider.example"
		r.Method = rapid.SampledFrom([]string{"", "GET", "POST"}).Draw(t, "method")
		return NextAction{Redirect: &r}
	}
	d := author[Display]().Draw(t, "display")
	c := author[Confirm]().Draw(t, "confirm")
	switch rapid.IntRange(0, 2).Draw(t, "which") {
	case 0:
		return NextAction{Display: &d}
	case 1:
		return NextAction{Confirm: &c}
	}
	return NextAction{Display: &d, Confirm: &c}
}

func drawReceipt(t *rapid.T) Receipt {
	return Receipt{ID: rapid.StringN(1, 20, 60).Draw(t, "id"), Amount: drawMoney(t)}
}

func drawField(t *rapid.T) Field {
	return Field{
		Name: rapid.StringN(1, 20, 60).Draw(t, "name"), Label: shortText().Draw(t, "label"),
		Required: rapid.Bool().Draw(t, "required"), Kind: author[FieldKind]().Draw(t, "kind"),
	}
}

func author[T any]() *rapid.Generator[T] { return rapid.MakeCustom[T](values) }

// carried sends a message through its bytes.
func carried[W proto.Message](t interface{ Fatal(...any) }, w W) W {
	scrub(w, nil)
	data, err := proto.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	out := w.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	return out.(W)
}

// tidy makes empty lists and maps nil: the wire does not tell them apart.
func tidy[T any](value T) T {
	v := reflect.ValueOf(&value).Elem()
	tidyValue(v)
	return value
}

func tidyValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		if v.Len() == 0 {
			v.SetZero()
			return
		}
		if v.Kind() == reflect.Slice {
			for i := range v.Len() {
				tidyValue(v.Index(i))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			tidyValue(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				tidyValue(v.Field(i))
			}
		}
	}
}

func same[T any](t *rapid.T, r *reader, got, want T) {
	if len(r.all.invalid) > 0 {
		t.Fatalf("refused: %v", r.all.invalid)
	}
	if got, want := tidy(got), tidy(want); !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// roundTrip proves that requests and responses of a verb arrive as they were sent. A response behind a pointer is never
// nil here: that is no answer.
func roundTrip[P, Req, Resp any, WReq accountRequest, WResp proto.Message](
	t *testing.T, v *verb[P, Req, Resp, WReq, WResp], responses *rapid.Generator[Resp],
) {
	t.Run(v.name, rapid.MakeCheck(func(t *rapid.T) {
		req := author[Req]().Draw(t, "request")
		w := carried(t, v.requestToWire("main", req))
		if w.GetAccount() != "main" {
			t.Fatalf("account %q", w.GetAccount())
		}
		r := newReader()
		same(t, r, v.requestFromWire(r, w), req)

		resp := responses.Draw(t, "response")
		r = newReader()
		same(t, r, v.responseFromWire(r, carried(t, v.responseToWire(resp))), resp)
	}))
}

func pointer[T any]() *rapid.Generator[*T] { return rapid.Ptr(author[T](), false) }

func TestVerbsRoundTrip(t *testing.T) {
	roundTrip(t, &checkHealth, author[Health]())
	roundTrip(t, &listPaymentMethods, author[[]PaymentMethod]())
	roundTrip(t, &createPayment, pointer[Payment]())
	roundTrip(t, &confirmPayment, pointer[Payment]())
	roundTrip(t, &getPayment, pointer[Payment]())
	roundTrip(t, &listPayments, pointer[ListPaymentsResponse]())
	roundTrip(t, &capturePayment, pointer[Payment]())
	roundTrip(t, &cancelPayment, pointer[Payment]())
	roundTrip(t, &createRefund, pointer[Refund]())
	roundTrip(t, &getRefund, pointer[Refund]())
	roundTrip(t, &createPayout, pointer[Payout]())
	roundTrip(t, &getPayout, pointer[Payout]())
	roundTrip(t, &listPayouts, pointer[ListPayoutsResponse]())
	roundTrip(t, &getBalances, author[[]Balance]())
	roundTrip(t, &parseWebhook, pointer[WebhookResult]())
	roundTrip(t, &parseReturn, pointer[Return]())
	roundTrip(t, &invokeOperation, author[json.RawMessage]())
}

func TestInfoRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		info, r := author[Info]().Draw(t, "info"), newReader()
		same(t, r, infoFromWire(r, carried(t, infoToWire(&info))), info)
		account := author[AccountInfo]().Draw(t, "account")
		r = newReader()
		same(t, r, accountInfoFromWire(r, carried(t, accountInfoToWire(&account))), account)
	})
}

func TestErrorsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, exchanges := author[Error]().Draw(t, "error"), author[[]Exchange]().Draw(t, "exchanges")
		got, with := errorFromWire(t.Context(), errorToWire(&e, exchanges, nil))
		same(t, newReader(), *got, e)
		same(t, newReader(), with, exchanges)
	})
}

func TestNegativeBalancesRoundTrip(t *testing.T) {
	want := []Balance{{Name: "main", Amount: Money{Amount: decimal.RequireFromString("-1.5"), Currency: "USD"}}}
	r := newReader()
	got := getBalances.responseFromWire(r, carried(t, getBalances.responseToWire(want)))
	if len(r.all.invalid) > 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, r.all.invalid)
	}
}

// TestEnumsCoverTheContract fails when a constant of this package has no number, or a number no constant.
func TestEnumsCoverTheContract(t *testing.T) {
	check(t, capabilities, wire.Capability(0).Descriptor(), capabilitiesOf(everything{}))
	check(t, errorCodes, wire.Code(0).Descriptor(), []Code{
		CodeInvalidRequest, CodeAuthentication, CodePermission, CodeDeclined, CodeInsufficientFunds, CodeLimit,
		CodeNotFound, CodeDuplicate, CodeRateLimited, CodeUnavailable, CodeNotSupported, CodeInvalidSignature, CodeInternal,
	})
	check(t, outcomes, wire.Outcome(0).Descriptor(), []Outcome{OutcomeNotSent, OutcomeRefused, OutcomeUnknown})
	check(t, repeats, wire.Repeat(0).Descriptor(), []RetryBehavior{RetryNone, RetryRejectsDuplicates, RetryReturnsOriginal})
	check(t, webhookTrusts, wire.WebhookTrust(0).Descriptor(), []WebhookTrust{
		TrustSignature, TrustPaymentURL, TrustAccountURL, TrustAddress,
	})
	check(t, flows, wire.Flow(0).Descriptor(), []Flow{FlowRedirect, FlowDisplayConfirm, FlowNone})
	check(t, fieldKinds, wire.FieldKind(0).Descriptor(), []FieldKind{FieldText, FieldAmount, FieldFile})
	check(t, healthStates, wire.HealthState(0).Descriptor(), []HealthState{HealthHealthy, HealthDegraded, HealthUnreachable})
	check(t, paymentStatuses, wire.PaymentStatus(0).Descriptor(), []PaymentStatus{
		PaymentRequiresAction, PaymentProcessing, PaymentAuthorized, PaymentSucceeded, PaymentFailed, PaymentCanceled,
		PaymentExpired, PaymentUnderReview,
	})
	check(t, payoutStatuses, wire.PayoutStatus(0).Descriptor(), []PayoutStatus{
		PayoutProcessing, PayoutSucceeded, PayoutFailed, PayoutUnderReview,
	})
	check(t, refundStatuses, wire.RefundStatus(0).Descriptor(), []RefundStatus{
		RefundPending, RefundSucceeded, RefundFailed, RefundUnderReview,
	})
	check(t, urlScopes, wire.URLScope(0).Descriptor(), []URLScope{ScopeOpen, ScopeAccount, ScopeIntent})
	check(t, verifications, wire.Verification(0).Descriptor(), []Verification{NotVerified, VerifiedByOrigin, VerifiedBySignature})
}

// everything implements every interface, and nothing behind them.
type everything struct {
	Provider
	HealthChecker
	MethodLister
	PaymentCreator
	PaymentConfirmer
	PaymentGetter
	PaymentLister
	PaymentCapturer
	PaymentCanceler
	RefundCreator
	RefundGetter
	PayoutCreator
	PayoutGetter
	PayoutLister
	BalanceGetter
	WebhookParser
	ReturnParser
	OperationInvoker
}

func check[A ~string, W ~int32](t *testing.T, e enum[A, W], d protoreflect.EnumDescriptor, constants []A) {
	t.Helper()
	if got := e.all(); !reflect.DeepEqual(got, constants) {
		t.Errorf("%s: the contract has %v, the package %v", d.Name(), got, constants)
	}
	if len(constants) != d.Values().Len()-1 {
		t.Errorf("%s: %d values for %d constants", d.Name(), d.Values().Len()-1, len(constants))
	}
}

func TestEnumsCarryWhatTheyDoNotKnow(t *testing.T) {
	for _, number := range []wire.PaymentStatus{9, 99, math.MaxInt32, -1, math.MinInt32} {
		name := paymentStatuses.fromWire(number)
		if want := PaymentStatus(fmt.Sprintf("unrecognized_%d", number)); name != want {
			t.Errorf("%d is called %q", number, name)
		}
		if back := paymentStatuses.toWire(name); back != number {
			t.Errorf("%q comes back as %d", name, back)
		}
	}
	for _, name := range []PaymentStatus{"", "bogus", "unrecognized_4", "unrecognized_04", "unrecognized_x", "unrecognized_99999999999", "unrecognized_0"} {
		if number := paymentStatuses.toWire(name); number != 0 {
			t.Errorf("%q became %d", name, number)
		}
	}
}

func TestMissingEnumsAreReadAsTheContractSays(t *testing.T) {
	if errorCodes.fromWire(0) != CodeInternal || outcomes.fromWire(0) != OutcomeUnknown || repeats.fromWire(0) != RetryNone ||
		verifications.fromWire(0) != NotVerified || urlScopes.fromWire(0) != ScopeOpen || fieldKinds.fromWire(0) != FieldText {
		t.Error("a missing value must be read as the safe one")
	}
	if !exchangeFromWire(newReader(), &wire.Exchange{}).Sent {
		t.Error("an exchange that does not say that nothing was sent leaves it in doubt")
	}
}

func TestScrubKeepsNoInvalidText(t *testing.T) {
	w := &wire.CreatePaymentRequest{
		Description: "caf\xe9", Metadata: map[string]string{"k\xff": "v", "k": "v\xff"},
		Customer: &wire.Customer{FirstName: "Jos\xe9"},
	}
	got := createPaymentFromWire(newReader(), carried(t, w))
	if got.Description != "caf\uFFFD" || got.Metadata["k\uFFFD"] != "v" || got.Metadata["k"] != "v\uFFFD" ||
		got.Customer.FirstName != "Jos\uFFFD" || len(got.Metadata) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestQueriesKeepTheirBytes(t *testing.T) {
	got := httpRequestToWire(HTTPRequest{Query: "a=%20\xe9&b=é"}).GetQuery()
	if got != "a=%20%E9&b=é" {
		t.Errorf("got %q", got)
	}
}

func TestCutSplitsNoCharacter(t *testing.T) {
	if got := cut(strings.Repeat("é", 10), 12); got != "éééé…" {
		t.Errorf("got %q", got)
	}
	if got := cut("short", 5); got != "short" {
		t.Errorf("got %q", got)
	}
}

func TestAmountsThatWouldFillTheMemoryAreNotWritten(t *testing.T) {
	for _, exponent := range []int32{65, math.MaxInt32, -65, math.MinInt32} {
		if got := amountToWire(decimal.New(1, exponent)); got != "" {
			t.Errorf("exponent %d: %d characters", exponent, len(got))
		}
	}
}
