package insight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// expiresSoon is how long before its end a certificate is in need of attention.
const expiresSoon = 14 * 24 * time.Hour

// Quarantined is a provider that waits for an operator.
type Quarantined struct {
	Provider string
	Since    time.Time
	Error    string // why, without secrets
}

// Attention finds what waits for an operator.
type Attention struct {
	Store store.Transactor
	// Quarantined returns the providers that are.
	Quarantined func() []Quarantined
	// Certificate returns until when the certificate that is served is valid, and
	// whether there is one.
	Certificate func() (time.Time, bool)
}

// List returns all that waits for an operator, the oldest first, and of each
// kind limit items at most. The error is the store's.
func (a *Attention) List(ctx context.Context, limit int) (payment.Attention, error) {
	var found gathered
	err := a.Store.Read(ctx, func(tx *store.Tx) error {
		found = gathered{limit: limit}
		return found.stored(ctx, tx)
	})
	if err != nil {
		return payment.Attention{}, err
	}

	found.quarantined(a.Quarantined())
	found.certificate(a.Certificate, a.Store.Now())

	return found.list(), nil
}

// gathered are the items that were found.
type gathered struct {
	limit int
	items []payment.AttentionItem
	more  []payment.AttentionKind
}

// add adds items of a kind, of which there is one more than the limit when there
// are more.
func (g *gathered) add(kind payment.AttentionKind, items []payment.AttentionItem) {
	byAge := func(one, other payment.AttentionItem) int {
		return cmp.Or(one.Since.Compare(other.Since), cmp.Compare(one.ID, other.ID))
	}
	slices.SortStableFunc(items, byAge)
	if len(items) > g.limit {
		items = items[:g.limit]
		g.more = append(g.more, kind)
	}

	for k := range items {
		items[k].Kind = kind
		items[k].Since = items[k].Since.UTC()
	}
	g.items = append(g.items, items...)
}

// list returns everything, the oldest first.
func (g *gathered) list() payment.Attention {
	out := payment.Attention{Data: g.items, More: g.more}
	if out.Data == nil {
		out.Data = []payment.AttentionItem{}
	}
	if out.More == nil {
		out.More = []payment.AttentionKind{}
	}

	slices.SortStableFunc(out.Data, func(one, other payment.AttentionItem) int {
		return one.Since.Compare(other.Since)
	})
	return out
}

// stored finds what is in the database.
func (g *gathered) stored(ctx context.Context, tx *store.Tx) error {
	unknown, err := tx.CasesByStatus(ctx, payment.Unknown, g.limit+1)
	if err != nil {
		return err
	}
	actions, err := tx.CasesInAction(ctx, g.limit+1)
	if err != nil {
		return err
	}
	reviewed, err := tx.CasesByStatus(ctx, payment.UnderReview, g.limit+1)
	if err != nil {
		return err
	}

	g.add(payment.AttentionUnknown, itemsOf(append(unknown, actions...), unknownItem))
	g.add(payment.AttentionUnderReview, itemsOf(reviewed, reviewItem))

	if err := g.webhooks(ctx, tx); err != nil {
		return err
	}
	if err := g.fenced(ctx, tx); err != nil {
		return err
	}
	if err := g.paused(ctx, tx); err != nil {
		return err
	}
	if err := g.findings(ctx, tx); err != nil {
		return err
	}
	if err := g.approvals(ctx, tx); err != nil {
		return err
	}
	return g.deadLetters(ctx, tx)
}

// webhooks finds those that nothing was made of, provider by provider: one whose
// webhooks fail hides no other's.
func (g *gathered) webhooks(ctx context.Context, tx *store.Tx) error {
	senders, err := tx.WebhookSenders(ctx)
	if err != nil {
		return err
	}

	var unmatched, failed []store.WaitingWebhook
	for _, name := range senders {
		some, err := tx.WaitingWebhooks(ctx, name, payment.WebhookUnmatched, g.limit+1)
		if err != nil {
			return err
		}
		unmatched = append(unmatched, some...)

		some, err = tx.WaitingWebhooks(ctx, name, payment.WebhookFailed, g.limit+1)
		if err != nil {
			return err
		}
		failed = append(failed, some...)
	}

	g.add(payment.AttentionWebhookUnmatched, itemsOf(unmatched, unmatchedItem))
	g.add(payment.AttentionWebhookFailed, itemsOf(failed, failedItem))
	return nil
}

func (g *gathered) fenced(ctx context.Context, tx *store.Tx) error {
	fence, err := tx.Fence(ctx)
	if err != nil || fence == nil {
		return err
	}
	g.add(payment.AttentionFenced, []payment.AttentionItem{{
		Since:   *fence.Since,
		Summary: "no money moves: " + fence.Reason,
		Do:      []string{"payhost fence show", "payhost fence lift --reason TEXT"},
	}})
	return nil
}

func (g *gathered) findings(ctx context.Context, tx *store.Tx) error {
	open, err := tx.ListFindings(ctx, store.FindingFilter{
		State: payment.FindingOpen, Limit: g.limit + 1,
	})
	if err != nil {
		return err
	}

	var items []payment.AttentionItem
	for _, one := range open {
		about := one.SubjectID
		if about == "" {
			about = fmt.Sprintf("a %s with the reference %s", one.Subject, one.ProviderReference)
		}
		items = append(items, payment.AttentionItem{
			ID:       one.ID,
			Provider: one.Provider,
			Since:    one.FoundAt,
			Summary:  fmt.Sprintf("%s: %s", findingWords[one.Kind], about),
			Do:       []string{"payhost findings attach " + one.ID + " --reason TEXT"},
		})
	}
	g.add(payment.AttentionFinding, items)
	return nil
}

// findingWords say what differs.
var findingWords = map[payment.FindingKind]string{
	payment.FindingMissingThere: "the provider's list does not have it",
	payment.FindingMissingHere:  "only the provider knows of it",
	payment.FindingAmount:       "the provider names another amount",
	payment.FindingStatus:       "the provider names another status",
}

func (g *gathered) paused(ctx context.Context, tx *store.Tx) error {
	pauses, err := tx.Pauses(ctx)
	if err != nil {
		return err
	}

	var items []payment.AttentionItem
	for _, one := range pauses {
		items = append(items, payment.AttentionItem{
			Provider: one.Provider,
			Since:    one.Since,
			Summary:  fmt.Sprintf("%s are paused by %s: %s", one.What, one.By, one.Reason),
			Do:       []string{fmt.Sprintf("payhost resume %s %s", one.Provider, one.What)},
		})
	}

	g.add(payment.AttentionPaused, items)
	return nil
}

func (g *gathered) approvals(ctx context.Context, tx *store.Tx) error {
	pending, err := tx.PendingApprovals(ctx, g.limit+1)
	if err != nil {
		return err
	}

	var items []payment.AttentionItem
	for _, one := range pending {
		what := fmt.Sprintf("this payout of %s %s is not sent", one.Amount, one.Currency)
		if one.Resolution != nil {
			what = fmt.Sprintf("the decision that it is %s does not count", one.Resolution.Status)
		}
		items = append(items, payment.AttentionItem{
			ID:       one.SubjectID,
			Provider: one.Provider,
			Since:    one.AskedAt,
			Summary: fmt.Sprintf("%s before another than %s approves it: %s",
				what, one.AskedBy, one.Why),
			Do: []string{
				"payhost approvals approve " + one.ID,
				"payhost approvals reject " + one.ID + " --reason TEXT",
			},
		})
	}

	g.add(payment.AttentionApproval, items)
	return nil
}

func (g *gathered) deadLetters(ctx context.Context, tx *store.Tx) error {
	dead, err := tx.OldestDead(ctx, g.limit+1)
	if err != nil {
		return err
	}

	var items []payment.AttentionItem
	for _, delivery := range dead {
		event, err := tx.Event(ctx, delivery.Position)
		if errors.Is(err, store.ErrNotFound) {
			continue // there is nothing left to deliver
		}
		if err != nil {
			return err
		}
		items = append(items, payment.AttentionItem{
			ID:    event.ID,
			Since: delivery.TriedAt,
			Summary: fmt.Sprintf("the event %s of %s could not be delivered: %s",
				event.Type, cmp.Or(event.PaymentID, event.PayoutID), delivery.Error),
			Do: []string{"payhost dead-letters retry " + event.ID},
		})
	}

	g.add(payment.AttentionDeadLetter, items)
	return nil
}

func (g *gathered) quarantined(list []Quarantined) {
	var items []payment.AttentionItem
	for _, one := range list {
		items = append(items, payment.AttentionItem{
			Provider: one.Provider,
			Since:    one.Since,
			Summary: "its plugin is not started again by itself: " +
				cmp.Or(one.Error, "it crashed too often"),
			Do: []string{
				"payhost providers show " + one.Provider,
				"payhost providers restart " + one.Provider,
			},
		})
	}
	g.add(payment.AttentionQuarantined, items)
}

func (g *gathered) certificate(read func() (time.Time, bool), now time.Time) {
	ends, served := read()
	if !served || ends.Sub(now) > expiresSoon {
		return
	}

	summary := "the certificate of http.tls_cert expires soon"
	if !ends.After(now) {
		summary = "the certificate of http.tls_cert has expired"
	}
	g.add(payment.AttentionCertificate, []payment.AttentionItem{{
		Since:   ends,
		Summary: summary,
		Do:      []string{"replace the files of http.tls_cert and http.tls_key; they are read again by themselves"},
	}})
}

func itemsOf[T any](list []T, item func(T) payment.AttentionItem) []payment.AttentionItem {
	items := make([]payment.AttentionItem, 0, len(list))
	for _, one := range list {
		items = append(items, item(one))
	}
	return items
}

func unknownItem(one store.Case) payment.AttentionItem {
	what := fmt.Sprintf("it is not known whether this %s of %s %s has moved money",
		one.Kind, one.Amount, one.Currency)
	if one.Status != payment.Unknown {
		what = fmt.Sprintf("it is not known what became of %s of this %s of %s %s",
			one.Doubt, one.Kind, one.Amount, one.Currency)
	}
	return caseItem(one, what)
}

// reviews say why an operator has to look, by reason.
var reviews = map[payment.ReviewReason]string{
	payment.ReviewProvider: "the provider is looking into it, or has contradicted itself",
	payment.ReviewMismatch: "the money that was reported is not the money that was asked for",
	payment.ReviewUnproven: "a result was reported without proof",
}

func reviewItem(one store.Case) payment.AttentionItem {
	why := reviews[one.ReviewReason]
	if one.Doubt == intent.DoubtEnded {
		why = "money moved after it had ended without any"
	}
	return caseItem(one, fmt.Sprintf("a %s of %s %s is under review: %s",
		one.Kind, one.Amount, one.Currency, why))
}

// caseItem has the commands of an intent. Those of payments also take the ID of
// a refund.
func caseItem(one store.Case, summary string) payment.AttentionItem {
	records := "payments"
	if one.Kind == payment.KindPayout {
		records = "payouts"
	}
	command := func(verb, rest string) string {
		return fmt.Sprintf("payhost %s %s %s%s", records, verb, one.ID, rest)
	}

	steps := []string{command("show", "")}
	if one.Kind != payment.KindRefund {
		steps = append(steps, command("refresh", ""))
	}
	return payment.AttentionItem{
		ID:       one.ID,
		Provider: one.Provider,
		Since:    one.Since,
		Summary:  summary,
		Do:       append(steps, command("resolve", " --status STATUS --reason TEXT")),
	}
}

func unmatchedItem(one store.WaitingWebhook) payment.AttentionItem {
	return payment.AttentionItem{
		ID:       one.ID,
		Provider: one.Provider,
		Since:    one.ReceivedAt,
		Summary:  "a genuine webhook fits no payment",
		Do: []string{
			"payhost webhooks show " + one.ID,
			"payhost webhooks attach " + one.ID + " PAYMENT",
		},
	}
}

func failedItem(one store.WaitingWebhook) payment.AttentionItem {
	return payment.AttentionItem{
		ID:       one.ID,
		Provider: one.Provider,
		Since:    one.ReceivedAt,
		Summary:  "a webhook is not genuine, or its plugin could not read it",
		Do: []string{
			"payhost webhooks show " + one.ID,
			"payhost webhooks replay " + one.ID,
		},
	}
}
