package rehearsal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/golden"
)

const (
	// mostBytes bounds how much of bodies is held in memory.
	mostBytes = 256 << 20
	// webhooksAtOnce is how many webhooks are read by one query, and
	// webhooksEach how many are looked at for each intent at most.
	webhooksAtOnce = 50
	webhooksEach   = 4
)

// The reasons for which a call is left out before anything is made.
const (
	reasonOpen      = "its call has not ended"
	reasonNoneKept  = "no exchange is kept of it"
	reasonPart      = "the provider's answer is kept only in part"
	reasonNotSent   = "a request of it never left the machine"
	reasonElsewhere = "a request of it went to another address than base_url"
	reasonCustomer  = "what the customer sent is not kept"
	reasonErased    = "the webhook's request is not kept"
	reasonMemory    = "beyond 256 MiB of stored bodies"
	reasonDamaged   = "its record cannot be read"
)

// call is one thing to try: an attempt or a webhook.
type call struct {
	intent    *intent.Intent // of a webhook: the intent of its URL, nil for none
	attempt   payment.Attempt
	exchanges []golden.Exchange
	// origin is the provider's, when its answers name it.
	origin string

	webhook *store.Webhook // nil: it is an attempt
	// forged says how the webhook was changed on the way; "" for the genuine one.
	forged string
}

// verb names what is called, as in the contract.
func (c *call) verb() string {
	switch {
	case c.webhook == nil:
		return c.attempt.Verb
	case c.webhook.Purpose == "webhook":
		return "parse_webhook"
	default:
		return "parse_return"
	}
}

// id is the intent's or the webhook's.
func (c *call) id() string {
	if c.webhook != nil {
		return c.webhook.ID
	}
	return c.intent.ID
}

// name tells a reader which call it is.
func (c *call) name() string {
	switch {
	case c.forged != "":
		return c.id() + " with " + c.forged
	case c.webhook != nil:
		return c.id()
	default:
		return fmt.Sprintf("%s attempt %d, %s", c.id(), c.attempt.Number, c.attempt.Verb)
	}
}

// material is all that is tried, and what is not.
type material struct {
	calls   []call
	leftOut []LeftOut
	bytes   int
}

func (m *material) leaveOut(reason, name string) { m.leftOut = leftOut(m.leftOut, reason, name) }

// fits reports whether there is room for a body of a size, and takes it.
func (m *material) fits(size int) bool {
	m.bytes += size
	return m.bytes <= mostBytes
}

// library returns one exchange for each method and path. They answer a program
// that asks again for what the serving one had kept from an earlier call.
func (m *material) library() (list []golden.Exchange) {
	known := map[string]bool{}
	for i := range m.calls {
		for _, exchange := range m.calls[i].exchanges {
			path, _, _ := strings.Cut(exchange.URL, "?")
			name := exchange.Method + " " + path
			if !known[name] && !exchange.Lost() {
				known[name] = true
				list = append(list, exchange)
			}
		}
	}
	return list
}

// collect reads what is stored of an account's last intents, and the webhooks
// that came since the first of them.
func collect(ctx context.Context, database *store.Store, o Options) (*material, error) {
	found := &material{}
	intents, err := lastIntents(ctx, database, o)
	if err != nil {
		return nil, err
	}

	since := time.Time{}
	if len(intents) > 0 {
		since = intents[len(intents)-1].CreatedAt
	}

	// A program may keep something from one call to the next: the order counts.
	base := baseOf(o.Account.Config)
	for _, recorded := range slices.Backward(intents) {
		attempts, err := attemptsOf(ctx, database, recorded.ID)
		if err != nil {
			found.leaveOut(reasonDamaged, recorded.ID)
			continue
		}
		for _, attempt := range attempts {
			found.addAttempt(recorded, attempt, base)
		}
	}

	return found, found.addWebhooks(ctx, database, o, since)
}

// lastIntents reads the newest intents of all kinds, newest first.
func lastIntents(
	ctx context.Context,
	database *store.Store,
	o Options,
) (list []*intent.Intent, err error) {
	for _, kind := range []payment.Kind{
		payment.KindPayment,
		payment.KindPayout,
		payment.KindRefund,
	} {
		err := database.Get(ctx, func(tx *store.Tx) error {
			filter := store.Filter{Kind: kind, Provider: o.Account.Name, Limit: o.Last}
			some, err := tx.ListIntents(ctx, filter)
			list = append(list, some...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}

	slices.SortStableFunc(list, func(one, other *intent.Intent) int {
		return cmp.Or(
			other.CreatedAt.Compare(one.CreatedAt),
			strings.Compare(other.ID, one.ID),
		)
	})

	return list[:min(len(list), o.Last)], nil
}

func attemptsOf(
	ctx context.Context,
	database *store.Store,
	id string,
) (list []payment.Attempt, err error) {
	err = database.Get(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Attempts(ctx, id)
		return err
	})
	return list, err
}

// addAttempt adds the call of an attempt, or why it is left out.
func (m *material) addAttempt(recorded *intent.Intent, attempt payment.Attempt, base string) {
	made := call{intent: recorded, attempt: attempt}
	size := 0
	hosts := map[string]bool{}
	if base != "" {
		hosts[base] = true
	}

	reason := ""
	for _, said := range attempt.Exchanges {
		exchange, host := exchangeOf(said)
		hosts[host] = true
		size += len(said.RequestBody) + len(said.ResponseBody)
		made.exchanges = append(made.exchanges, exchange)
		if origin := originOf(said.URL); moved(said.ResponseBody, origin, "") != said.ResponseBody {
			made.origin = origin
		}

		switch {
		case !exchange.Sent:
			reason = reasonNotSent
		case !exchange.Whole():
			reason = reasonPart
		case len(hosts) > 1:
			reason = reasonElsewhere
		}
	}

	// A plugin that turns a request away by itself says nothing to its provider.
	silent := (attempt.Outcome != "not_sent") && (len(attempt.Exchanges) == 0)

	switch {
	case attempt.Outcome == "":
		reason = reasonOpen
	case attempt.Verb == "confirm_payment":
		reason = reasonCustomer
	case silent:
		reason = reasonNoneKept
	case (reason == "") && !m.fits(size):
		reason = reasonMemory
	}
	if reason != "" {
		m.leaveOut(reason, made.name())
		return
	}

	m.calls = append(m.calls, made)
}

// exchangeOf returns an exchange as it is played, and the host that it went to.
func exchangeOf(said payment.Exchange) (exchange golden.Exchange, host string) {
	// A token of the host stands for itself; to compare paths it is one more
	// masked text.
	const token, masked = "[token]", "[secret]"
	path := said.URL
	if _, rest, ok := strings.Cut(path, "://"); ok {
		host, path, ok = strings.Cut(rest, "/")
		if ok {
			path = "/" + path
		}
	}

	return golden.Exchange{
		Method:  said.Method,
		URL:     strings.ReplaceAll(path, token, masked),
		Request: golden.Body(said.RequestBody),
		Status:  said.Status,
		Answer:  golden.Body(said.ResponseBody),
		Error:   said.Error,
		Sent:    said.Sent,
	}, host
}

// playable returns an exchange as it is played to another program.
func playable(said sdk.Exchange) golden.Exchange {
	exchange, _ := exchangeOf(payment.Exchange{
		Method:       said.Method,
		URL:          said.URL,
		RequestBody:  said.RequestBody,
		Status:       said.Status,
		ResponseBody: said.ResponseBody,
		Error:        said.Error,
		Sent:         said.Sent,
	})
	return exchange
}

// baseOf returns the host of a configured base_url, "" for none.
func baseOf(configuration []byte) string {
	address, err := url.Parse(baseURL(configuration))
	if err != nil {
		return ""
	}
	return address.Host
}

// addWebhooks adds the webhooks and returns that came since a time, and forged
// copies of those that were verified.
func (m *material) addWebhooks(
	ctx context.Context,
	database *store.Store,
	o Options,
	since time.Time,
) error {
	before := ""
	for left := webhooksEach * o.Last; left > 0; left -= webhooksAtOnce {
		var page []*store.Webhook
		err := database.Get(ctx, func(tx *store.Tx) (err error) {
			page, err = tx.ListWebhooks(ctx, store.WebhookFilter{
				Provider: o.Account.Name,
				Before:   before,
				Limit:    min(left, webhooksAtOnce),
			})
			return err
		})
		if err != nil {
			return err
		}

		for _, webhook := range page {
			if webhook.ReceivedAt.Before(since) {
				return nil
			}
			if err := m.addWebhook(ctx, database, webhook); err != nil {
				return err
			}
			before = webhook.ID
		}

		if len(page) < webhooksAtOnce {
			return nil
		}
	}

	return nil
}

func (m *material) addWebhook(
	ctx context.Context,
	database *store.Store,
	webhook *store.Webhook,
) error {
	request := webhook.Request
	made := call{webhook: webhook}
	if (len(request.Body) == 0) && (request.Query == "") {
		m.leaveOut(reasonErased, webhook.ID)
		return nil
	}
	if !m.fits(len(request.Body)) {
		m.leaveOut(reasonMemory, webhook.ID)
		return nil
	}

	if webhook.IntentID != "" {
		err := database.Get(ctx, func(tx *store.Tx) (err error) {
			made.intent, err = tx.Intent(ctx, webhook.IntentID)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			m.leaveOut(reasonDamaged, webhook.ID)
			return nil
		}
		if err != nil {
			return err
		}
	}

	m.calls = append(m.calls, made)
	if webhook.Verified {
		m.calls = append(m.calls, forgeries(made)...)
	}

	return nil
}
