package wire

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

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// values makes author values that keep the contract, so that all of them must
// arrive as they were.
var values rapid.MakeConfig

func init() {
	values = rapid.MakeConfig{
		Kinds: map[reflect.Kind]*rapid.Generator[any]{
			reflect.String: shortText().AsAny(),
			// HTTP status, attempt, contract version
			reflect.Int: rapid.IntRange(200, 599).AsAny(),
		},
		Types: map[reflect.Type]*rapid.Generator[any]{
			reflect.TypeFor[decimal.Decimal](): rapid.Custom(drawAmount).AsAny(),
			reflect.TypeFor[sdk.Money]():       rapid.Custom(drawMoney).AsAny(),
			reflect.TypeFor[time.Time]():       rapid.Custom(drawTime).AsAny(),
			reflect.TypeFor[time.Duration](): rapid.Map(rapid.Int64Range(0, math.MaxInt64), func(n int64) time.Duration { return time.Duration(n) }).
				AsAny(),
			reflect.TypeFor[json.RawMessage](): rapid.Just(json.RawMessage(`{"a": [1.50]}`)).
				AsAny(),
			reflect.TypeFor[http.Header]():       rapid.Custom(drawHeader).AsAny(),
			reflect.TypeFor[sdk.Event]():         rapid.Custom(drawEvent).AsAny(),
			reflect.TypeFor[sdk.NextAction]():    rapid.Custom(drawNextAction).AsAny(),
			reflect.TypeFor[sdk.Receipt]():       rapid.Custom(drawReceipt).AsAny(),
			reflect.TypeFor[sdk.Field]():         rapid.Custom(drawField).AsAny(),
			reflect.TypeFor[sdk.Code]():          anyOf(errorCodes),
			reflect.TypeFor[sdk.Outcome]():       anyOf(outcomes),
			reflect.TypeFor[sdk.Capability]():    anyOf(capabilities),
			reflect.TypeFor[sdk.RetryBehavior](): anyOf(retryBehaviors),
			reflect.TypeFor[sdk.WebhookTrust]():  anyOf(webhookTrusts),
			reflect.TypeFor[sdk.Flow]():          anyOf(flows),
			reflect.TypeFor[sdk.FieldKind]():     anyOf(fieldKinds),
			reflect.TypeFor[sdk.HealthState]():   anyOf(healthStates),
			reflect.TypeFor[sdk.PaymentStatus](): anyOf(paymentStatuses),
			reflect.TypeFor[sdk.PayoutStatus]():  anyOf(payoutStatuses),
			reflect.TypeFor[sdk.RefundStatus]():  anyOf(refundStatuses),
			reflect.TypeFor[sdk.URLScope]():      anyOf(urlScopes),
			reflect.TypeFor[sdk.Verification]():  anyOf(verifications),
		},
		Fields: map[reflect.Type]map[string]*rapid.Generator[any]{
			reflect.TypeFor[sdk.Info](): {
				"Name": rapid.StringMatching(`[a-z0-9-]{1,32}`).
					AsAny(),
				"Currencies": currencyLists().AsAny(),
				"PaymentFields": fieldLists(
					PaymentTexts(sdk.CreatePaymentRequest{}),
				).AsAny(),
				"PayoutFields": fieldLists(PayoutTexts(sdk.CreatePayoutRequest{})).AsAny(),
			},
			reflect.TypeFor[sdk.AccountInfo](): {"Currencies": currencyLists().AsAny()},
			reflect.TypeFor[sdk.AmountLimit](): {"Currency": currencyCodes().AsAny()},
			reflect.TypeFor[sdk.Operation](): {
				"Name": rapid.StringMatching(`[a-z0-9_]{1,64}`).AsAny(),
			},
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

// anyOf returns the names of the contract and one that only a later version may
// know.
func anyOf[A ~string, W ~int32](e enum[A, W]) *rapid.Generator[any] {
	return rapid.SampledFrom(append(e.all(), unrecognized+"77", unrecognized+"-3")).AsAny()
}

func drawAmount(t *rapid.T) decimal.Decimal {
	d := decimal.New(
		rapid.Int64Range(0, math.MaxInt64).Draw(t, "digits"),
		-rapid.Int32Range(0, 18).Draw(t, "decimals"),
	)
	return decimal.RequireFromString(d.String())
}

func drawMoney(t *rapid.T) sdk.Money {
	return sdk.Money{Amount: drawAmount(t), Currency: currencyCodes().Draw(t, "currency")}
}

func drawTime(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "zero") {
		return time.Time{}
	}
	return time.Unix(rapid.Int64Range(-1<<33, 1<<36).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).
		UTC()
}

func drawHeader(t *rapid.T) http.Header {
	h := http.Header{}
	for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"Content-Type", "X-Sign", "Accept"}), 0, 3).Draw(t, "names") {
		h.Add(name, shortText().Draw(t, "value"))
	}
	return h
}

func drawEvent(t *rapid.T) sdk.Event {
	e := sdk.Event{
		ID:             shortText().Draw(t, "id"),
		Reference:      shortText().Draw(t, "reference"),
		OccurredAt:     drawTime(t),
		BothReferences: rapid.Bool().Draw(t, "both references"),
	}

	switch rapid.IntRange(0, 2).Draw(t, "about") {
	case 0:
		p := author[sdk.Payment]().Draw(t, "payment")
		e.Payment = &p
	case 1:
		p := author[sdk.Payout]().Draw(t, "payout")
		e.Payout = &p
	case 2:
		p := author[sdk.Refund]().Draw(t, "refund")
		e.Refund, e.PaymentReference = &p, shortText().Draw(t, "payment reference")
	}

	return e
}

func drawNextAction(t *rapid.T) sdk.NextAction {
	if rapid.Bool().Draw(t, "redirect") {
		r := author[sdk.Redirect]().Draw(t, "redirect to")
		r.URL += "https://provider.example"
		r.Method = rapid.SampledFrom([]string{"", "GET", "POST"}).Draw(t, "method")
		return sdk.NextAction{Redirect: &r}
	}

	d := author[sdk.Display]().Draw(t, "display")
	c := author[sdk.Confirm]().Draw(t, "confirm")

	switch rapid.IntRange(0, 2).Draw(t, "which") {
	case 0:
		return sdk.NextAction{Display: &d}
	case 1:
		return sdk.NextAction{Confirm: &c}
	}

	return sdk.NextAction{Display: &d, Confirm: &c}
}

func drawReceipt(t *rapid.T) sdk.Receipt {
	return sdk.Receipt{ID: rapid.StringN(1, 20, 60).Draw(t, "id"), Amount: drawMoney(t)}
}

func drawField(t *rapid.T) sdk.Field {
	return sdk.Field{
		Name:     rapid.StringN(1, 20, 60).Draw(t, "name"),
		Label:    shortText().Draw(t, "label"),
		Required: rapid.Bool().Draw(t, "required"),
		Kind:     author[sdk.FieldKind]().Draw(t, "kind"),
	}
}

func author[T any]() *rapid.Generator[T] { return rapid.MakeCustom[T](values) }

// carried sends a message through its bytes.
func carried[W proto.Message](t interface{ Fatal(...any) }, w W) W {
	Scrub(w, nil)
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
	if len(r.problems.Invalid()) > 0 {
		t.Fatalf("refused: %v", r.problems.Invalid())
	}
	if got, want := tidy(got), tidy(want); !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// roundTrip proves that requests and responses of a verb arrive as they were
// sent. A response behind a pointer is never nil here: that is no answer.
func roundTrip[P, Req, Resp any, WReq AccountRequest, WResp proto.Message](
	t *testing.T, v *Verb[P, Req, Resp, WReq, WResp], responses *rapid.Generator[Resp],
) {
	t.Run(v.Name, rapid.MakeCheck(func(t *rapid.T) {
		req := author[Req]().Draw(t, "request")
		w := carried(t, v.EncodeRequest("main", req))
		if w.GetAccount() != "main" {
			t.Fatalf("account %q", w.GetAccount())
		}

		r := newReader()
		same(t, r, v.decodeRequest(r, w), req)

		resp := responses.Draw(t, "response")
		r = newReader()
		same(t, r, v.decodeResponse(r, carried(t, v.encodeResponse(resp))), resp)
	}))
}

func pointer[T any]() *rapid.Generator[*T] { return rapid.Ptr(author[T](), false) }

func TestVerbsRoundTrip(t *testing.T) {
	roundTrip(t, CheckHealth, author[sdk.Health]())
	roundTrip(t, ListPaymentMethods, author[[]sdk.PaymentMethod]())
	roundTrip(t, CreatePayment, pointer[sdk.Payment]())
	roundTrip(t, ConfirmPayment, pointer[sdk.Payment]())
	roundTrip(t, GetPayment, pointer[sdk.Payment]())
	roundTrip(t, ListPayments, pointer[sdk.ListPaymentsResponse]())
	roundTrip(t, CapturePayment, pointer[sdk.Payment]())
	roundTrip(t, CancelPayment, pointer[sdk.Payment]())

	roundTrip(t, CreateRefund, pointer[sdk.Refund]())
	roundTrip(t, GetRefund, pointer[sdk.Refund]())
	roundTrip(t, CreatePayout, pointer[sdk.Payout]())
	roundTrip(t, GetPayout, pointer[sdk.Payout]())
	roundTrip(t, ListPayouts, pointer[sdk.ListPayoutsResponse]())
	roundTrip(t, GetBalances, author[[]sdk.Balance]())
	roundTrip(t, ParseWebhook, pointer[sdk.WebhookResult]())
	roundTrip(t, ParseReturn, pointer[sdk.Return]())

	roundTrip(t, InvokeOperation, author[json.RawMessage]())
}

func TestInfoRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		info, r := author[sdk.Info]().Draw(t, "info"), newReader()
		same(t, r, decodeInfo(r, carried(t, EncodeInfo(&info))), info)
		account := author[sdk.AccountInfo]().Draw(t, "account")
		r = newReader()
		same(t, r, decodeAccountInfo(r, carried(t, EncodeAccountInfo(&account))), account)
	})
}

func TestErrorsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, exchanges := author[sdk.Error]().Draw(t, "error"),
			author[[]sdk.Exchange]().Draw(t, "exchanges")
		got, with := DecodeError(t.Context(), EncodeError(&e, exchanges, nil))
		same(t, newReader(), *got, e)
		same(t, newReader(), with, exchanges)
	})
}

func TestNegativeBalancesRoundTrip(t *testing.T) {
	want := []sdk.Balance{
		{
			Name:   "main",
			Amount: sdk.Money{Amount: decimal.RequireFromString("-1.5"), Currency: "USD"},
		},
	}
	r := newReader()
	got := GetBalances.decodeResponse(r, carried(t, GetBalances.encodeResponse(want)))
	if len(r.problems.Invalid()) > 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, r.problems.Invalid())
	}
}

// TestEnumsCoverTheContract fails when a constant of this package has no
// number, or a number no constant.
func TestEnumsCoverTheContract(t *testing.T) {
	checkEnum(t, capabilities, pb.Capability(0).Descriptor(), []sdk.Capability{
		sdk.CapabilityCheckHealth,
		sdk.CapabilityListPaymentMethods,
		sdk.CapabilityCreatePayment,
		sdk.CapabilityConfirmPayment,
		sdk.CapabilityGetPayment,
		sdk.CapabilityListPayments,
		sdk.CapabilityCapturePayment,
		sdk.CapabilityCancelPayment,
		sdk.CapabilityCreateRefund,
		sdk.CapabilityGetRefund,
		sdk.CapabilityCreatePayout,
		sdk.CapabilityGetPayout,
		sdk.CapabilityListPayouts,
		sdk.CapabilityGetBalances,
		sdk.CapabilityParseWebhook,
		sdk.CapabilityParseReturn,
		sdk.CapabilityInvokeOperation,
	})

	checkEnum(t, errorCodes, pb.Code(0).Descriptor(), []sdk.Code{
		sdk.CodeInvalidRequest, sdk.CodeAuthentication, sdk.CodePermission, sdk.CodeDeclined, sdk.CodeInsufficientFunds, sdk.CodeLimit,
		sdk.CodeNotFound, sdk.CodeDuplicate, sdk.CodeRateLimited, sdk.CodeUnavailable, sdk.CodeNotSupported, sdk.CodeInvalidSignature, sdk.CodeInternal,
	})
	checkEnum(
		t,
		outcomes,
		pb.Outcome(0).Descriptor(),
		[]sdk.Outcome{sdk.OutcomeNotSent, sdk.OutcomeRefused, sdk.OutcomeUnknown},
	)

	checkEnum(
		t,
		retryBehaviors,
		pb.Repeat(0).Descriptor(),
		[]sdk.RetryBehavior{
			sdk.RetryNone,
			sdk.RetryRejectsDuplicates,
			sdk.RetryReturnsOriginal,
		},
	)

	checkEnum(t, webhookTrusts, pb.WebhookTrust(0).Descriptor(), []sdk.WebhookTrust{
		sdk.TrustSignature, sdk.TrustPaymentURL, sdk.TrustAccountURL, sdk.TrustAddress,
	})
	checkEnum(
		t,
		flows,
		pb.Flow(0).Descriptor(),
		[]sdk.Flow{sdk.FlowRedirect, sdk.FlowDisplayConfirm, sdk.FlowNone},
	)

	checkEnum(
		t,
		fieldKinds,
		pb.FieldKind(0).Descriptor(),
		[]sdk.FieldKind{sdk.FieldText, sdk.FieldAmount, sdk.FieldFile},
	)
	checkEnum(
		t,
		healthStates,
		pb.HealthState(0).Descriptor(),
		[]sdk.HealthState{sdk.HealthHealthy, sdk.HealthDegraded, sdk.HealthUnreachable},
	)

	checkEnum(t, paymentStatuses, pb.PaymentStatus(0).Descriptor(), []sdk.PaymentStatus{
		sdk.PaymentRequiresAction, sdk.PaymentProcessing, sdk.PaymentAuthorized, sdk.PaymentSucceeded, sdk.PaymentFailed, sdk.PaymentCanceled,
		sdk.PaymentExpired, sdk.PaymentUnderReview,
	})
	checkEnum(t, payoutStatuses, pb.PayoutStatus(0).Descriptor(), []sdk.PayoutStatus{
		sdk.PayoutProcessing, sdk.PayoutSucceeded, sdk.PayoutFailed, sdk.PayoutUnderReview,
	})
	checkEnum(t, refundStatuses, pb.RefundStatus(0).Descriptor(), []sdk.RefundStatus{
		sdk.RefundPending, sdk.RefundSucceeded, sdk.RefundFailed, sdk.RefundUnderReview,
	})

	checkEnum(
		t,
		urlScopes,
		pb.URLScope(0).Descriptor(),
		[]sdk.URLScope{sdk.ScopeOpen, sdk.ScopeAccount, sdk.ScopeIntent},
	)
	checkEnum(
		t,
		verifications,
		pb.Verification(0).Descriptor(),
		[]sdk.Verification{sdk.NotVerified, sdk.VerifiedByOrigin, sdk.VerifiedBySignature},
	)
}

func checkEnum[A ~string, W ~int32](
	t *testing.T,
	e enum[A, W],
	d protoreflect.EnumDescriptor,
	constants []A,
) {
	t.Helper()
	if got := e.all(); !reflect.DeepEqual(got, constants) {
		t.Errorf("%s: the contract has %v, the package %v", d.Name(), got, constants)
	}
	if len(constants) != d.Values().Len()-1 {
		t.Errorf(
			"%s: %d values for %d constants",
			d.Name(),
			d.Values().Len()-1,
			len(constants),
		)
	}
}

func TestEnumsCarryWhatTheyDoNotKnow(t *testing.T) {
	for _, number := range []pb.PaymentStatus{9, 99, math.MaxInt32, -1, math.MinInt32} {
		name := paymentStatuses.decode(number)
		if want := sdk.PaymentStatus(fmt.Sprintf("unrecognized_%d", number)); name != want {
			t.Errorf("%d is called %q", number, name)
		}
		if back := paymentStatuses.encode(name); back != number {
			t.Errorf("%q comes back as %d", name, back)
		}
	}

	for _, name := range []sdk.PaymentStatus{"", "bogus", "unrecognized_4", "unrecognized_04", "unrecognized_x", "unrecognized_99999999999", "unrecognized_0"} {
		if number := paymentStatuses.encode(name); number != 0 {
			t.Errorf("%q became %d", name, number)
		}
	}
}

func TestMissingEnumsAreReadAsTheContractSays(t *testing.T) {
	if errorCodes.decode(0) != sdk.CodeInternal || outcomes.decode(0) != sdk.OutcomeUnknown || retryBehaviors.decode(0) != sdk.RetryNone ||
		verifications.decode(0) != sdk.NotVerified ||
		urlScopes.decode(0) != sdk.ScopeOpen ||
		fieldKinds.decode(0) != sdk.FieldText {
		t.Error("a missing value must be read as the safe one")
	}
	if !decodeExchange(newReader(), &pb.Exchange{}).Sent {
		t.Error("an exchange that does not say that nothing was sent leaves it in doubt")
	}
}

func TestScrubKeepsNoInvalidText(t *testing.T) {
	w := &pb.CreatePaymentRequest{
		Description: "caf\xe9",
		Metadata:    map[string]string{"k\xff": "v", "k": "v\xff"},
		Customer:    &pb.Customer{FirstName: "Jos\xe9"},
	}
	got := decodeCreatePayment(newReader(), carried(t, w))
	if got.Description != "caf\uFFFD" || got.Metadata["k\uFFFD"] != "v" ||
		got.Metadata["k"] != "v\uFFFD" ||
		got.Customer.FirstName != "Jos\uFFFD" ||
		len(got.Metadata) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestQueriesKeepTheirBytes(t *testing.T) {
	got := encodeHTTPRequest(sdk.HTTPRequest{Query: "a=%20\xe9&b=é"}).GetQuery()
	if got != "a=%20%E9&b=é" {
		t.Errorf("got %q", got)
	}
}

func TestCutSplitsNoCharacter(t *testing.T) {
	if got := Cut(strings.Repeat("é", 10), 12); got != "éééé…" {
		t.Errorf("got %q", got)
	}
	if got := Cut("short", 5); got != "short" {
		t.Errorf("got %q", got)
	}
}

func TestAmountsThatWouldFillTheMemoryAreNotWritten(t *testing.T) {
	for _, exponent := range []int32{65, math.MaxInt32, -65, math.MinInt32} {
		if got := sdk.FormatAmount(decimal.New(1, exponent)); got != "" {
			t.Errorf("exponent %d: %d characters", exponent, len(got))
		}
	}
}

// all returns the author's names in the order of the contract.
func (e enum[Author, Wire]) all() []Author {
	var names []Author
	for _, number := range slices.Sorted(maps.Keys(e.names)) {
		names = append(names, e.names[number])
	}
	return names
}
