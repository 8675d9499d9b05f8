package core_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// copies records an intent again under other ids, a second apart, and events
// of each.
func copies(t *testing.T, r *coretest.Rig, id string, count int) {
	t.Helper()
	const together = 2000

	for done := 0; done < count; done += together {
		err := r.Store.Write(t.Context(), func(tx *store.Tx) error {
			original, err := tx.Intent(t.Context(), id)
			if err != nil {
				return err
			}

			for k := done; k < min(done+together, count); k++ {
				one := *original
				one.ID = fmt.Sprintf("pay_%026d", k)
				one.Sequence = uint64(1_000_000 + k)
				one.IdempotencyKey = one.ID
				one.ProviderReference, one.References = "", nil
				one.CreatedAt = original.CreatedAt.Add(time.Duration(k+1) * time.Second)
				one.CheckAt = time.Time{}
				if err := tx.InsertIntent(t.Context(), &one); err != nil {
					return err
				}
			}

			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// exported returns the rows of a table without the names of its columns.
func exported(ctx context.Context, t *testing.T, r *coretest.Rig, e payment.ExportRequest,
) [][]string {
	t.Helper()
	var out bytes.Buffer
	if err := r.Export(ctx, e, &out); err != nil {
		t.Fatal(err)
	}

	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}

	return rows[1:]
}

// watermark looks at the memory in use from time to time while it is written
// to.
type watermark struct {
	written, looked int
	highest         uint64
}

func (w *watermark) Write(p []byte) (int, error) {
	w.written += len(p)
	if w.written-w.looked > 1<<20 {
		w.looked = w.written
		w.highest = max(w.highest, inUse())
	}
	return len(p), nil
}

func inUse() uint64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

// An export of many records holds a page of them in memory: all of these would
// be some tens of megabytes.
func TestAnExportOfManyNeedsNoMoreMemory(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.Create = coretest.Redirecting
	const rows = 20_000
	copies(t, r, r.Pay(t, "k").ID, rows)
	to := r.Clock.Now().Add(rows * time.Minute)

	for _, format := range []payment.ExportFormat{payment.ExportCSV, payment.ExportJSONL} {
		before := inUse()
		mark := &watermark{}
		err := r.Export(t.Context(), payment.ExportRequest{
			Kind:   payment.ExportPayments,
			To:     to,
			Format: format,
		}, mark)
		if err != nil || mark.written < rows*100 {
			t.Fatalf("%s: %d bytes, %v", format, mark.written, err)
		}

		if grown := int64(mark.highest) - int64(before); grown > 4<<20 {
			t.Errorf("%s: it needed %d MiB for %d MiB", format, grown>>20, mark.written>>20)
		}
	}
}

// Over many pages each record is there once, newest first, and none that was
// made before the range or at its end.
func TestAnExportHasEachRecordOnce(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.Create = coretest.Redirecting
	first := r.Pay(t, "k")
	copies(t, r, first.ID, 450)

	rows := exported(t.Context(), t, r, payment.ExportRequest{
		Kind: payment.ExportPayments,
		From: first.CreatedAt.Add(11 * time.Second),
		To:   first.CreatedAt.Add(441 * time.Second),
	})
	var want []string
	for k := 439; k >= 10; k-- {
		want = append(want, fmt.Sprintf("pay_%026d", k))
	}

	var got []string
	for _, row := range rows {
		got = append(got, row[0])
	}
	if !slices.Equal(got, want) {
		t.Errorf(
			"%d rows from %v to %v, want %d",
			len(got),
			got[0],
			got[len(got)-1],
			len(want),
		)
	}
}

// Payments, payouts, refunds and events are each exported, as those who may see
// them see them, and nothing of it is a formula.
func TestEachKindIsExported(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{
			ProviderReference: "@theirs",
			ProviderStatus:    "=1+1",
			Status:            sdk.PaymentSucceeded,
		}, nil
	}

	r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
		return &sdk.Refund{ProviderReference: "+1", Status: sdk.RefundSucceeded}, nil
	}
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return nil, coretest.Failing(sdk.CodeInsufficientFunds, sdk.OutcomeRefused)
	}

	request := coretest.Request()
	request.Description = `=HYPERLINK("http://evil.example","pay")`
	paid, _, err := r.CreatePayment(t.Context(), request, "k")
	if err != nil {
		t.Fatal(err)
	}

	refund, _, err := r.CreateRefund(t.Context(), paid.ID, payment.RefundRequest{}, "r")
	if err != nil {
		t.Fatal(err)
	}
	payout := r.PayOut(t, "p")
	r.Clock.Add(time.Second)

	about := map[payment.ExportKind]string{
		payment.ExportPayments: paid.ID,
		payment.ExportRefunds:  refund.ID,
		payment.ExportPayouts:  payout.ID,
	}
	for kind, id := range about {
		rows := exported(t.Context(), t, r, payment.ExportRequest{Kind: kind})
		if len(rows) != 1 || rows[0][0] != id {
			t.Errorf("%s: %v", kind, rows)
		}

		for _, cell := range slices.Concat(rows...) {
			if cell != "" && strings.Contains("=+-@\t\r\n", cell[:1]) {
				t.Errorf("%s: a spreadsheet takes %q for a formula", kind, cell)
			}
		}
	}

	// The stream has the same events as a list of it.
	var out bytes.Buffer
	events := payment.ExportRequest{Kind: payment.ExportEvents, Format: payment.ExportJSONL}
	if err := r.Export(t.Context(), events, &out); err != nil {
		t.Fatal(err)
	}

	listed, err := r.Events(t.Context(), "", nil, 200)
	if err != nil || len(listed) < 3 {
		t.Fatal(listed, err)
	}
	var want bytes.Buffer

	for _, event := range listed {
		line, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		want.Write(append(line, '\n'))
	}

	if out.String() != want.String() {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want.String())
	}

	// Whoever sees another provider only gets the names of the columns.
	other := caller.With(
		t.Context(),
		caller.Caller{Name: "other", Providers: []string{"zenith"}},
	)
	about[payment.ExportEvents] = ""

	for kind := range about {
		if rows := exported(other, t, r, payment.ExportRequest{Kind: kind}); len(
			rows,
		) != 0 {
			t.Errorf("%s: another provider's token sees %v", kind, rows)
		}
	}
}

// An export that cannot be made as it is asked for, or cannot go on, is an
// error: nobody takes a part for the whole.
func TestAnExportThatCannotBeMadeSaysSo(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.Create = coretest.Redirecting
	id := r.Pay(t, "k").ID
	now := r.Clock.Now()

	var out bytes.Buffer
	err := r.Export(t.Context(), payment.ExportRequest{
		Kind:   "money",
		Format: "pdf",
		From:   now,
		To:     now,
	}, &out)
	if e := coretest.Problem(t, err); len(e.Violations) != 3 || out.Len() != 0 {
		t.Errorf("%+v, written %q", e, out.String())
	}

	r.Faults.FailReads(errors.New("the disk is gone"))
	err = r.Export(t.Context(), payment.ExportRequest{Kind: payment.ExportPayments}, &out)
	if err == nil || out.Len() != 0 {
		t.Errorf("%v, written %q", err, out.String())
	}

	r.Faults.FailReads(nil)

	// A stored request that cannot be read is not left out.
	err = r.Store.Write(t.Context(), func(tx *store.Tx) error {
		one, err := tx.Intent(t.Context(), id)
		if err != nil {
			return err
		}
		damaged := *one
		damaged.ID, damaged.Request = "pay_"+strings.Repeat(
			"0",
			26,
		), []byte(
			`{"metadata": 7}`,
		)

		damaged.Sequence = 77
		damaged.IdempotencyKey = damaged.ID
		damaged.ProviderReference, damaged.References = "", nil
		return tx.InsertIntent(t.Context(), &damaged)
	})
	if err != nil {
		t.Fatal(err)
	}

	to := payment.ExportRequest{Kind: payment.ExportPayments, To: now.Add(time.Hour)}
	if err := r.Export(t.Context(), to, &out); err == nil ||
		!strings.Contains(err.Error(), "damaged") {
		t.Errorf("it ends with %v", err)
	}
}
