package rehearsal

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/golden"
)

// The reasons for which a call is left out once it has been made.
const (
	reasonOthers  = "the serving program makes other requests than were recorded"
	reasonAsks    = "the serving program asks its provider about it, and that answer is not kept"
	reasonEnds    = "the serving program ends it otherwise than was recorded"
	reasonUnlike  = "the serving program does not do it twice alike"
	reasonProof   = "the serving program verifies it no longer: it is too old, or keys have changed"
	reasonRequest = "its request cannot be made again"
)

// unsound returns why the two runs of the serving program prove nothing of a
// call; "" when they do.
func (c *call) unsound(first, last *heard) string {
	switch {
	case (first.notMade != nil) || (last.notMade != nil):
		return reasonRequest
	case (outcomeOf(first.failure) != outcomeOf(last.failure)) ||
		(len(first.requests) != len(last.requests)):
		return reasonUnlike
	case c.webhook != nil:
		return c.unsoundWebhook(first)
	case ((len(first.requests) == 0) && (len(c.exchanges) > 0)) || !allFit(first.requests):
		return reasonOthers
	case outcomeOf(first.failure) != c.attempt.Outcome:
		return reasonEnds
	}
	return ""
}

func (c *call) unsoundWebhook(first *heard) string {
	verified := (first.failure == nil) &&
		!strings.Contains(string(first.answer), `"Verification":"none"`)
	switch {
	case len(first.requests) > 0:
		return reasonAsks
	case (c.forged == "") && c.webhook.Verified && !verified:
		return reasonProof
	}
	return ""
}

func allFit(requests []request) bool {
	for _, came := range requests {
		if !came.fits {
			return false
		}
	}
	return true
}

// judge compares what two programs did. It learns first which parts vary by
// themselves.
type judge struct {
	mask *redact.Set
	// noise has the parts that vary, by verb and place.
	noise map[string]bool
}

func newJudge(mask *redact.Set) *judge { return &judge{mask: mask, noise: map[string]bool{}} }

// learn notes in what two runs of one program differ.
func (j *judge) learn(made *call, first, last *heard) {
	for _, difference := range j.differences(made, first, last) {
		j.noise[made.verb()+" "+difference.Place] = true
	}
}

// varies returns the parts that vary by themselves, for the report.
func (j *judge) varies() []string {
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(j.noise))))
}

// compare returns what the candidate did otherwise.
func (j *judge) compare(made *call, serving, candidate *heard) (found []Difference) {
	for _, difference := range j.differences(made, serving, candidate) {
		if !j.noise[made.verb()+" "+difference.Place] {
			found = append(found, difference)
		}
	}
	return found
}

func (j *judge) differences(made *call, want, got *heard) []Difference {
	found := comparing{
		mask:      j.mask,
		verb:      made.verb(),
		id:        made.id(),
		name:      made.name(),
		forged:    made.forged != "",
		exchanges: made.exchanges,
	}
	found.requests(want.requests, got.requests)
	found.ends(want, got)
	return found.list
}

// comparing is the comparison of one call.
type comparing struct {
	mask           *redact.Set
	verb, id, name string
	forged         bool
	exchanges      []golden.Exchange
	list           []Difference
}

func (c *comparing) add(class, place, want, got string) {
	c.list = append(c.list, Difference{
		Class: class,
		Verb:  c.verb,
		Place: indexes.ReplaceAllString(place, "[]"),
		Example: Example{
			ID:        c.id,
			Call:      c.name,
			Serving:   shown(c.mask, want),
			Candidate: shown(c.mask, got),
		},
	})
}

// indexes are those of lists: the same part of each member is one place.
var indexes = regexp.MustCompile(`\[\d+\]`)

// requests compares what was sent to the provider.
func (c *comparing) requests(want, got []request) {
	wanted, came := lines(want), lines(got)

	switch {
	case len(want) != len(got):
		c.add("request.count", "requests", listed(wanted), listed(came))
	case !slices.Equal(wanted, came) && sameMembers(wanted, came):
		c.add("request.order", "requests", listed(wanted), listed(came))
	default:
		for i := range want {
			c.request(want[i], got[i])
		}
		return
	}

	// Those that are of one method and path are compared all the same.
	for i, line := range wanted {
		k := slices.Index(came, line)
		if k < 0 {
			continue
		}
		came[k] = ""
		c.request(want[i], got[k])
	}
}

func lines(requests []request) (list []string) {
	for _, came := range requests {
		list = append(list, came.line())
	}
	return list
}

func listed(lines []string) string {
	if len(lines) == 0 {
		return "no request"
	}
	return fmt.Sprintf("%d: %s", len(lines), strings.Join(lines, ", "))
}

func sameMembers(one, other []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(one)), slices.Sorted(slices.Values(other)))
}

// request compares two requests. A value is shown only where it stands in the
// recorded exchange as it is: there the plugin has masked its secrets.
func (c *comparing) request(want, got request) {
	for _, difference := range golden.CompareRequests(want.Request, got.Request) {
		part, _, _ := strings.Cut(difference.Place, ".")
		part, _, _ = strings.Cut(part, "[")
		class := "request." + part
		if (part == "query") || (part == "body") {
			class += "." + string(difference.Change)
		}

		was, is := difference.Want, difference.Got
		if !c.recorded(want, was) {
			was, is = "", ""
		}
		c.add(class, difference.Place, was, is)
	}

	c.headers(want.header, got.header)
}

// recorded reports whether a text stands in the exchange that a request was
// answered from.
func (c *comparing) recorded(came request, text string) bool {
	if (came.answered < 0) || (came.answered >= len(c.exchanges)) {
		return false
	}
	exchange := c.exchanges[came.answered]
	return strings.Contains(exchange.URL, text) ||
		strings.Contains(string(exchange.Request), text)
}

// unlike are headers that may differ: they say who asks or how it is sent.
var unlike = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Traceparent", "Tracestate", "User-Agent",
}

// headers compares headers. Their values are not shown: no exchange has them, so
// no plugin has masked them.
func (c *comparing) headers(want, got http.Header) {
	names := slices.Concat(slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		was, is := want[name], got[name]
		change := golden.Changed
		switch {
		case slices.Contains(unlike, name) || slices.Equal(was, is):
			continue
		case is == nil:
			change = golden.Gone
		case was == nil:
			change = golden.Added
		}
		c.add("request.header."+string(change), "header."+name, "", "")
	}
}

// ends compares the answers, or the errors in their places.
func (c *comparing) ends(want, got *heard) {
	group := "answer"
	if strings.HasPrefix(c.verb, "parse_") {
		group = "event"
	}

	switch {
	case (want.failure == nil) && (got.failure == nil):
		for _, difference := range golden.CompareJSON(group, want.answer, got.answer) {
			class := group + "." + fieldOf(difference.Place)
			c.add(class, difference.Place, difference.Want, difference.Got)
		}
	case (want.failure == nil) || (got.failure == nil):
		class := group + ".error"
		believed := unsigned(want.failure) || unsigned(got.failure) // by one of them only
		if c.forged || ((group == "event") && believed) {
			class = "event.verification"
		}
		c.add(class, group+".error", ended(want.failure), ended(got.failure))
	default:
		c.failures(group, want.failure, got.failure)
	}
}

// unsigned reports whether a program has found no signature that counts.
func unsigned(failure *sdk.Error) bool {
	return (failure != nil) && (failure.Code == sdk.CodeInvalidSignature)
}

// failures compares two errors. Their messages are for people, and may change.
func (c *comparing) failures(group string, want, got *sdk.Error) {
	for _, part := range []struct{ name, want, got string }{
		{"error_code", string(want.Code), string(got.Code)},
		{"outcome", string(want.Outcome), string(got.Outcome)},
		{"provider_code", want.ProviderCode, got.ProviderCode},
		{"violations", fields(want), fields(got)},
		{"new_attempt_safe", fmt.Sprint(want.NewAttemptSafe), fmt.Sprint(got.NewAttemptSafe)},
	} {
		if part.want != part.got {
			c.add(group+"."+part.name, group+"."+part.name, part.want, part.got)
		}
	}
}

func fields(failure *sdk.Error) string {
	var list []string
	for _, violation := range failure.Violations {
		list = append(list, violation.Field)
	}
	return strings.Join(list, ", ")
}

// ended says in words how a call ended.
func ended(failure *sdk.Error) string {
	if failure == nil {
		return "ok"
	}
	return fmt.Sprintf("%s (%s): %s", failure.Code, failure.Outcome, failure.Message)
}

// classes are the fields that have another name in a class: what a host does with
// them counts, not in which type they are.
var classes = map[string]string{
	"provider_reference": "reference",
	"payment_reference":  "reference",
	"both_references":    "reference",
	"paid":               "amount",
	"receipts":           "amount",
	"transaction_id":     "transaction",
	"events":             "count",
}

// inside are the fields of an event that hold what it is about.
var inside = []string{"Events", "Payment", "Payout", "Refund"}

// fieldOf returns the field that a place is in, as classes name it.
func fieldOf(place string) string {
	steps := strings.Split(indexes.ReplaceAllString(place, ""), ".")[1:]
	for (len(steps) > 1) && slices.Contains(inside, steps[0]) {
		steps = steps[1:]
	}
	if len(steps) == 0 {
		return "all"
	}

	name := snake(steps[0])
	if known, ok := classes[name]; ok {
		return known
	}
	return name
}

// snake returns a Go name as the contract spells it.
func snake(name string) string {
	var text strings.Builder
	previous := 'A'
	for _, letter := range name {
		if unicode.IsUpper(letter) && !unicode.IsUpper(previous) {
			text.WriteByte('_')
		}
		text.WriteRune(unicode.ToLower(letter))
		previous = letter
	}
	return text.String()
}
