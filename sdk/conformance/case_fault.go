package conformance

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

const (
	unknownRule = "A reply that is not what the provider's document shows is never read as success: the outcome is unknown for " +
		"calls that can move money, and unavailable for reads."
	repeatRule = "A plugin sends what can move money once: whether it is sent again is the host's decision."
)

var faultCases = []testCase{
	{
		name: "provider away",
		rule: "not_sent: proven that no byte of the request left this machine.",
		run:  providerAway,
	},
	{name: "faults of writes", rule: unknownRule, run: func(x *trial) { x.eachFault(x.able(true), (*trial).faultyWrite) }},
	{name: "faults of reads", rule: unknownRule, run: func(x *trial) { x.eachFault(x.able(false), (*trial).faultyRead) }},
	{
		name: "bad credentials",
		rule: "authentication: the provider does not accept our credentials. refused: proven that the provider answered that it did nothing.",
		run:  badCredentials,
	},
}

// breakage is one way in which an answer can go wrong.
type breakage struct {
	name  string
	fault fault.Fault
	// processed: the provider did what it was asked for.
	processed bool
}

var breakages = []breakage{
	{"a web page", fault.Fault{Kind: fault.HTML}, false},
	{"a web page after processing", fault.Fault{Kind: fault.HTML, Status: http.StatusBadGateway, Processed: true}, true},
	{"nothing", fault.Fault{Kind: fault.Empty}, false},
	{"nothing with status 204", fault.Fault{Kind: fault.Empty, Status: http.StatusNoContent, Processed: true}, true},
	{"half an answer", fault.Fault{Kind: fault.Truncated}, true},
	{"8 MiB", fault.Fault{Kind: fault.Giant}, false},
	{"an empty object", fault.Fault{Kind: fault.Error, Status: http.StatusOK, Body: `{}`, Processed: true}, true},
	{"null", fault.Fault{Kind: fault.Error, Status: http.StatusOK, Body: `null`, Processed: true}, true},
	{"status 500", fault.Fault{Kind: fault.Error}, false},
	{"status 503 after processing", fault.Fault{Kind: fault.Error, Status: http.StatusServiceUnavailable, Processed: true}, true},
	{"a reset connection", fault.Fault{Kind: fault.Reset}, false},
	{"a reset connection after processing", fault.Fault{Kind: fault.Reset, Processed: true}, true},
	{"a lost answer", fault.Fault{Kind: fault.LostResponse}, true},
}

// eachFault tries every fault with every verb that speaks to the provider.
func (x *trial) eachFault(verbs []verb, try func(*trial, verb, breakage)) {
	for _, v := range verbs {
		if len(x.usual(v)) == 0 {
			continue
		}
		x.part(string(v.capability), func(x *trial) {
			for _, b := range breakages {
				try(x, v, b)
			}
		})
	}
}

// moving is the HTTP method of the request that makes a write: the last that is not only asking, if there is one.
func moving(methods []string) string {
	for _, m := range slices.Backward(methods) {
		if m != http.MethodGet && m != http.MethodHead {
			return m
		}
	}
	return http.MethodGet
}

// inject makes the fault happen to requests of the method, "" is all, until the case clears it.
func (x *trial) inject(f fault.Fault, method string) {
	f.Method = method
	x.must(x.tap.faults.Add(f), "a fault")
}

// The fault meets only the request that writes: what a plugin asks beforehand may fail with a clear "not sent".
func (x *trial) faultyWrite(v verb, b breakage) {
	shot := v.ready(x)
	method := moving(x.usual(v))
	x.inject(b.fault, method)
	x.tap.mark()
	_, err := shot.call(x.ctx, x.a)
	x.tap.faults.Clear()
	x.want(err, "", sdk.OutcomeUnknown, "%s answered with %s", v.capability, b.name)
	x.newAttempt(v, shot, err)
	if sent, usual := count(x.tap.since(), method), count(x.usual(v), method); sent > usual {
		y := *x
		y.rule = repeatRule
		y.fail("%s answered with %s: %d requests of %s where %d are usual", v.capability, b.name, sent, method, usual)
	}
	if n := x.executedBy(shot); n >= 0 && n != oneIf(b.processed) {
		x.fail("%s answered with %s: the provider's books have it %d times", v.capability, b.name, n)
	}
}

// newAttempt: a link that nobody has paid may be made anew, anything else may not.
func (x *trial) newAttempt(v verb, shot shot, err error) {
	var e *sdk.Error
	if shot.kind != "" && errors.As(err, &e) && e.NewAttemptSafe && !shot.guarantee.LinkOnly {
		x.fail("%s: a new attempt is called safe, but creating moves money: %v", v.capability, err)
	}
}

// executedBy counts in the books; -1 where they do not know the verb, or there are none.
func (x *trial) executedBy(s shot) int {
	if s.kind == "" || x.control.books == nil {
		return -1
	}
	return x.executed(s.kind, s.reference)
}

func count(list []string, one string) int {
	n := 0
	for _, s := range list {
		if s == one {
			n++
		}
	}
	return n
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A read in doubt costs nothing, so only the code counts: hosts ask again on unavailable.
func (x *trial) faultyRead(v verb, b breakage) {
	shot := v.ready(x)
	x.inject(b.fault, "")
	x.tap.mark()
	_, err := shot.call(x.ctx, x.a)
	x.tap.faults.Clear()
	if len(x.tap.since()) == 0 {
		return // answered from what the plugin knew already
	}
	x.want(err, sdk.CodeUnavailable, "", "%s answered with %s", v.capability, b.name)
}

// The plugin is configured for an address where nobody listens; what the calls are about is made at the real one.
func providerAway(x *trial) {
	const other = "away"
	_, err := x.client.Configure(x.ctx, other, json.RawMessage(x.config(awayURL)))
	x.must(err, "Configure")
	for _, v := range x.calling() {
		shot := v.ready(x)
		_, err := shot.call(x.ctx, x.client.Account(other))
		if v.capability == sdk.CapabilityCheckHealth && sdk.CodeOf(err) == sdk.CodeUnavailable {
			continue // its answer has no outcome
		}
		x.want(err, sdk.CodeUnavailable, sdk.OutcomeNotSent, "%s of a provider that is away", v.capability)
		if n := x.executedBy(shot); n > 0 {
			x.fail("%s of a provider that is away: the books have it", v.capability)
		}
	}
}

// badCredentials replaces every secret by another of the same length. A
// configuration that is refused for it is as good as a call that is.
func badCredentials(x *trial) {
	config := x.members()
	for _, key := range x.secretKeys() {
		if len(texts(config[key])) > 0 {
			config = with(config, key, string(another(config[key])))
		}
	}
	const other = "stranger"
	_, err := x.client.Configure(x.ctx, other, written(config))
	if (sdk.CodeOf(err) == sdk.CodeInvalidRequest) && (sdk.OutcomeOf(err) == sdk.OutcomeNotSent) {
		return // the plugin knows what its secrets look like: nobody can use these
	}
	x.must(err, "Configure with other secrets of the same length")
	stranger := x.client.Account(other)
	for _, v := range x.calling() {
		shot := v.ready(x)
		_, err := shot.call(x.ctx, stranger)
		if v.capability == sdk.CapabilityCheckHealth {
			x.want(err, "", "", "CheckHealth with wrong credentials")
			continue
		}
		x.want(err, sdk.CodeAuthentication, sdk.OutcomeRefused, "%s with wrong credentials", v.capability)
		if n := x.executedBy(shot); n > 0 {
			x.fail("%s with wrong credentials: the books have it", v.capability)
		}
	}
}

// another gives a JSON string or list of the same shape with other letters in it.
func another(value json.RawMessage) json.RawMessage {
	turned := func(s string) string {
		out := []byte(s)
		for i, c := range out {
			switch {
			case c >= 'a' && c < 'z', c >= 'A' && c < 'Z', c >= '0' && c < '9':
				out[i] = c + 1
			case c == 'z', c == 'Z', c == '9':
				out[i] = c - 1
			}
		}
		return string(out)
	}
	list := texts(value)
	for i := range list {
		list[i] = turned(list[i])
	}
	var wrong any = list
	if value[0] == '"' {
		wrong = list[0]
	}
	text, err := json.Marshal(wrong)
	if err != nil {
		panic(err) // texts
	}
	return text
}
