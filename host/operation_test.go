package host_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/hosttest"
)

// methodsOf names what a service that embeds a host calls in place of each
// operation of the HTTP API.
var methodsOf = map[string][]string{
	"create-payment":                  {"CreatePayment"},
	"get-payment":                     {"Payment", "RefreshPayment"},
	"list-payments":                   {"ListPayments"},
	"confirm-payment":                 {"ConfirmPayment"},
	"capture-payment":                 {"CapturePayment"},
	"cancel-payment":                  {"CancelPayment"},
	"resolve-payment":                 {"ResolvePayment"},
	"create-refund":                   {"CreateRefund"},
	"list-refunds":                    {"Refunds"},
	"get-refund":                      {"Refund"},
	"resolve-refund":                  {"ResolveRefund"},
	"create-payout":                   {"CreatePayout"},
	"get-payout":                      {"Payout", "RefreshPayout"},
	"list-payouts":                    {"ListPayouts"},
	"resolve-payout":                  {"ResolvePayout"},
	"list-providers":                  {"Providers"},
	"get-provider":                    {"Provider", "WebhookURL"},
	"pause-provider":                  {"PauseProvider"},
	"resume-provider":                 {"ResumeProvider"},
	"restart-provider":                {"RestartProvider"},
	"list-payment-methods":            {"PaymentMethods"},
	"list-balances":                   {"Balances"},
	"invoke-operation":                {"InvokeOperation"},
	"list-events":                     {"ListEvents", "Events"},
	"list-dead-letters":               {"DeadLetters"},
	"retry-dead-letter":               {"RetryDeadLetter"},
	"list-webhooks":                   {"ListWebhooks"},
	"get-webhook":                     {"Webhook"},
	"replay-webhook":                  {"ReplayWebhook"},
	"attach-webhook":                  {"AttachWebhook"},
	"get-me":                          {}, // a service that embeds the host has no token
	"list-approvals":                  {"ListApprovals"},
	"approve":                         {"Approve"},
	"reject":                          {"Reject"},
	"erase-customer":                  {"EraseCustomer"},
	"get-fence":                       {"Fence"},
	"begin-reconciliation":            {"BeginReconciliation"},
	"list-reconciliations":            {"ListReconciliations"},
	"get-reconciliation":              {"Reconciliation"},
	"list-findings":                   {"ListFindings"},
	"list-findings-of-reconciliation": {"ListFindings"},
	"attach-finding":                  {"AttachFinding"},
	"lift-fence":                      {"LiftFence"},
	"list-audit":                      {"ListAudit"},
	"export-payments":                 {"Export"},
	"export-payouts":                  {"Export"},
	"export-refunds":                  {"Export"},
	"export-events":                   {"Export"},
	"verify-audit":                    {"VerifyAudit"},
	"list-token-keys":                 {"TokenKeys"},
	"rotate-token-key":                {"RotateTokenKey"},
	"end-token-key":                   {"EndTokenKey"},
	"list-attention":                  {"Attention"},
	"get-provider-history":            {"ProviderHistory"},
}

// What HTTP can do, Go can do: an operation without a method is a service that
// has to call its own host over a socket.
func TestEveryOperationHasItsMethod(t *testing.T) {
	h := hosttest.New(t)
	w := httptest.NewRecorder()
	h.PrivateHandler().ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}

	var operations []string
	for _, path := range document.Paths {
		for _, operation := range path {
			operations = append(operations, operation.OperationID)
		}
	}

	slices.Sort(operations)
	if listed := slices.Sorted(maps.Keys(methodsOf)); !slices.Equal(operations, listed) {
		t.Errorf(
			"the document has the operations\n%v\nand the table\n%v",
			operations,
			listed,
		)
	}

	for operation, names := range methodsOf {
		for _, name := range names {
			if _, ok := reflect.TypeFor[*host.Host]().MethodByName(name); !ok {
				t.Errorf("%s: host.Host has no method %s", operation, name)
			}
		}
	}
}

// A page of the stream ends where the next one begins, and a limit or an id
// that cannot be is refused as in the lists.
func TestEventsCanBeReadPageByPage(t *testing.T) {
	ctx := t.Context()
	shop := hosttest.NewProvider("shop")
	h := hosttest.New(t, shop)

	for _, key := range []string{"a", "b"} {
		p, err := h.CreatePayment(ctx, request("shop"), host.IdempotencyKey(key))
		if err != nil {
			t.Fatal(err)
		}
		shop.Settle(p.ID, "succeeded")
		shop.Notify(t, h, p.ID)
	}

	all, next, err := h.ListEvents(ctx, host.EventFilter{})
	if err != nil || next != "" || len(all) < 4 {
		t.Fatalf("%d events, next %q, %v", len(all), next, err)
	}
	var read []host.Event

	for after := ""; ; {
		page, next, err := h.ListEvents(ctx, host.EventFilter{After: after, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, page...)
		if after = next; next == "" {
			break
		}
	}

	if !reflect.DeepEqual(read, all) {
		t.Errorf("page by page: %v, at once: %v", read, all)
	}
	some, _, err := h.ListEvents(
		ctx,
		host.EventFilter{Types: []string{"payment.succeeded"}},
	)
	if err != nil || len(some) != 2 {
		t.Errorf("successes: %v, %v", some, err)
	}

	for _, f := range []host.EventFilter{{After: "zzz"}, {Limit: -1}, {Limit: 201}} {
		var e *host.Error
		if _, _, err := h.ListEvents(ctx, f); !errors.As(err, &e) ||
			len(e.Violations) != 1 {
			t.Errorf("%+v: %v", f, err)
		}
	}

	if list, next, err := h.DeadLetters(ctx, "", 0); err != nil || len(list) != 0 ||
		next != "" {
		t.Errorf("dead letters: %v, %q, %v", list, next, err)
	}

	if _, _, err := h.DeadLetters(ctx, "zzz", 1); err == nil {
		t.Error("a cursor of no list is taken for the first page of dead letters")
	}
}

func TestACallSaysWhetherItIsAReplay(t *testing.T) {
	h := hosttest.New(t, hosttest.NewProvider("shop"))
	for i, want := range []bool{false, true} {
		replayed := !want
		_, err := h.CreatePayment(
			t.Context(),
			request("shop"),
			host.IdempotencyKey("k"),
			host.ReportReplay(&replayed),
		)
		if err != nil || replayed != want {
			t.Errorf("call %d: replayed %v, %v", i+1, replayed, err)
		}
	}
}
