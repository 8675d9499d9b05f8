package simulation

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/sdk"
)

// pageSize is how many entries a page of a list has.
const pageSize = 2

// asked is what a list is asked for: intents, and which page.
type asked struct {
	refs []string
	page string
}

// scriptLists lets a provider be asked about many in one call, page by page.
func (l *ledgers) scriptLists(begin beginning, a *coretest.Account) {
	a.List = func(ctx context.Context, r sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse,
		error) {
		c := l.beginList(ctx, begin, r.References())
		return carry(c, func(string) (*sdk.ListPaymentsResponse, error) {
			page, next := l.list(c, asked{r.References(), r.PageToken})
			answer := &sdk.ListPaymentsResponse{NextPageToken: next}
			for _, e := range page {
				answer.Payments = append(answer.Payments,
					sdk.ListedPayment{Reference: e.ref, Payment: *paymentOf(e)})
			}
			return answer, nil
		})
	}

	a.PayoutList = func(ctx context.Context, r sdk.ListPayoutsRequest) (*sdk.ListPayoutsResponse,
		error) {
		var refs []string
		for _, p := range r.Payouts {
			refs = append(refs, p.Reference)
		}
		c := l.beginList(ctx, begin, refs)

		return carry(c, func(string) (*sdk.ListPayoutsResponse, error) {
			page, next := l.list(c, asked{refs, r.PageToken})
			answer := &sdk.ListPayoutsResponse{NextPageToken: next}
			for _, e := range page {
				answer.Payouts = append(answer.Payouts,
					sdk.ListedPayout{Reference: e.ref, Payout: *payoutOf(e)})
			}
			return answer, nil
		})
	}
}

func (l *ledgers) beginList(ctx context.Context, begin beginning, refs []string) *call {
	var nicks []string
	for _, ref := range refs {
		nicks = append(nicks, l.world.record.nick(l.world, ref))
	}
	slices.Sort(nicks)
	c := begin(
		ctx,
		"list",
		strings.Join(nicks, " and "),
		"a list of "+strings.Join(refs, " "),
	)

	c.about = refs
	return c
}

// list returns one page of the entries that are asked for and can be found.
func (l *ledgers) list(c *call, q asked) (page []*entry, next string) {
	for _, e := range l.entries {
		if e.identity == c.identity && e.refused == nil && slices.Contains(q.refs, e.ref) &&
			!time.Now().Before(e.hiddenUntil) {
			page = append(page, e)
		}
	}

	from, _ := strconv.Atoi(q.page) // the first page has no token
	page = page[min(from, len(page)):]
	if len(page) > pageSize {
		page, next = page[:pageSize], strconv.Itoa(from+pageSize)
	}

	said := "nothing"
	for k, e := range page {
		if k == 0 {
			said = ""
		}
		said += fmt.Sprintf(" %s: %s;", e.nick, e.status)
	}

	l.world.say(
		"%s lists %s",
		c.account.name,
		strings.TrimSuffix(strings.TrimSpace(said), ";"),
	)

	return page, next
}
