package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/control"
	"github.com/payhost/payhost/sdk/conformance/internal/proxy"
	"github.com/payhost/payhost/sdk/conformance/internal/scanner"
)

// target is the plugin that is held to the contract, with what the discovery
// found out about it.
type target struct {
	plugin  Target
	control control.Controls
	proxy   *proxy.Proxy
	scanner *scanner.Scanner
	// patience is how long the kit waits for what should happen at once.
	patience time.Duration
	partial  bool

	// The discovery sets these.
	discovered  bool
	info        sdk.Info
	accountInfo sdk.AccountInfo
	schema      schema
	methods     []sdk.PaymentMethod

	// usualRequests has, by verb, the methods of the requests that one call
	// makes when nothing goes wrong.
	usualRequests map[sdk.Capability][]string
}

// accountName is the account of every case.
const accountName = "kit"

// caseTime bounds a case, so that a provider that hangs fails and the other
// cases still run.
const caseTime = time.Minute

// sequence counts everything that any Run in this process makes, so that no
// simulator sees a reference or a sequence number twice.
var sequence atomic.Uint64

func newTarget(
	plugin Target,
	simulator control.Simulator,
	settings Settings,
) (*target, error) {
	// A simulator in another process outlives this one and remembers earlier
	// runs.
	if _, remote := simulator.(*control.Remote); remote {
		begin := uint64(rand.Uint32() >> 2) //nolint:gosec // to differ, not to be secret
		sequence.CompareAndSwap(0, begin)
	}

	controls := control.Of(simulator)
	p, err := proxy.New(simulator, controls.LoginPath)
	if err != nil {
		return nil, err
	}

	return &target{
		plugin:        plugin,
		control:       controls,
		proxy:         p,
		scanner:       &scanner.Scanner{},
		patience:      settings.Patience,
		partial:       settings.Partial,
		usualRequests: map[sdk.Capability][]string{},
	}, nil
}

// start starts a fresh process of the plugin.
func (t *target) start() (Process, error) {
	return t.plugin.Start(Output{Log: t.scanner, Intercept: t.intercept})
}

// intercept sends calls that are to be late as such, and shows the scanner
// every answer.
func (t *target) intercept(
	ctx context.Context, method string, req, reply any,
	conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	opts = slices.Concat(opts, overdueOption(ctx))
	return t.scanner.Intercept(ctx, method, req, reply, conn, invoke, opts...)
}

func (t *target) can(c sdk.Capability) bool {
	return slices.Contains(t.accountInfo.Capabilities, c)
}

// canAll reports whether the account has all the capabilities; an empty list is
// met by every account.
func (t *target) canAll(list []sdk.Capability) bool {
	return !slices.ContainsFunc(list, func(c sdk.Capability) bool { return !t.can(c) })
}

// goodConfig returns the configuration with which everything works.
func (t *target) goodConfig() json.RawMessage {
	return t.configAt(t.proxy.URL)
}

// configAt returns the configuration for a provider at the address.
func (t *target) configAt(baseURL string) json.RawMessage {
	return json.RawMessage(t.plugin.Config(baseURL))
}

// discover starts the plugin once and asks it what it is and what the account
// can do. All cases rely on the answers.
func (t *target) discover(r Reporter) {
	must := func(what string, err error) {
		if err != nil {
			r.Errorf("%s: %v", what, err)
			r.FailNow()
		}
	}

	process, err := t.start()
	must("the plugin does not start", err)
	defer func() { _ = process.Stop() }() // its end is a case of its own
	ctx, cancel := context.WithTimeout(context.Background(), caseTime)
	defer cancel()

	plugin := process.Client()

	// Which secrets to look for, the schema says.
	t.info, err = plugin.Info(ctx)
	must("GetInfo", err)
	must("the configuration's JSON Schema", json.Unmarshal(t.info.ConfigSchema, &t.schema))

	t.accountInfo, err = plugin.Configure(ctx, accountName, t.goodConfig())
	must("the configuration that config gives is not accepted", err)
	must("the configuration that config gives", t.learnSecrets())

	if t.can(sdk.CapabilityListPaymentMethods) {
		t.methods, err = plugin.Account(accountName).
			ListPaymentMethods(ctx, t.methodsRequest())
		must("ListPaymentMethods", err)
	}

	// Known only now: it depends on what the account can do.
	if lacks := t.lacks(); (len(lacks) > 0) && !t.partial {
		must("the simulator", fmt.Errorf(
			"cannot prove this provider: it must be\n\t%s", strings.Join(lacks, "\n\t")))
	}

	t.discovered = true
}

// lacks names what the simulator must be besides, for what the account can do.
func (t *target) lacks() []string {
	var list []string
	lack := func(is bool, what string, verbs ...sdk.Capability) {
		if i := slices.IndexFunc(verbs, t.can); !is && (i >= 0) {
			list = append(list, fmt.Sprintf("a control.%s, for %s", what, verbs[i]))
		}
	}

	lack(t.control.Books != nil, "Bookkeeper",
		sdk.CapabilityCreatePayment, sdk.CapabilityCreatePayout)
	lack(t.control.Settle != nil, "Settler",
		sdk.CapabilityGetPayment, sdk.CapabilityParseWebhook,
		sdk.CapabilityCreateRefund, sdk.CapabilityGetPayout)
	lack(t.control.Webhooks != nil, "Notifier", sdk.CapabilityParseWebhook)
	lack(t.control.Returns != nil, "Returner", sdk.CapabilityParseReturn)
	lack(t.control.Samples.Authorization != nil, "Requests with Samples.Authorization",
		sdk.CapabilityCapturePayment)

	return list
}

// minSecret is the shortest secret that can be looked for without finding it
// everywhere.
const minSecret = 8

// learnSecrets tells the scanner the values of the configuration's secrets.
func (t *target) learnSecrets() error {
	config, err := object(t.goodConfig())
	if err != nil {
		return err
	}

	owner := map[string]string{} // of a value, its key
	for _, key := range t.secretKeys() {
		for _, value := range texts(config[key]) {
			if len(value) < minSecret {
				return fmt.Errorf(
					"the secret %s must have at least %d characters in a test",
					key,
					minSecret,
				)
			}

			if other, taken := owner[value]; taken {
				return fmt.Errorf(
					"the secrets %s and %s must be different in a test",
					other,
					key,
				)
			}

			// From here on the value counts as found wherever it shows.
			owner[value] = key
			t.scanner.Add(key, value)
		}
	}

	return nil
}

// secretKeys returns the keys that the schema marks as secrets, as a host knows
// them: the kit has no other way when the plugin is a program.
func (t *target) secretKeys() []string {
	var list []string
	for key := range t.schema.Properties {
		if t.schema.property(key).WriteOnly {
			list = append(list, key)
		}
	}
	slices.Sort(list)
	return list
}

// schema is what the kit reads of a configuration's JSON Schema.
type schema struct {
	Type                 string                     `json:"type"`
	Properties           map[string]json.RawMessage `json:"properties"`
	Required             []string                   `json:"required"`
	AdditionalProperties *bool                      `json:"additionalProperties"`
}

type property struct {
	Type      any  `json:"type"` // a text or a list of texts
	WriteOnly bool `json:"writeOnly"`
	Identity  bool `json:"x-payhost-identity"`
}

// property returns what the schema says of a key; the zero property when it
// does not describe the key.
func (s schema) property(key string) property {
	var described property
	_ = json.Unmarshal(s.Properties[key], &described) // the case about the schema complains
	return described
}

// object reads a JSON object, keeping each member as it is written.
func object(text json.RawMessage) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	err := json.Unmarshal(text, &members)
	return members, err
}

// texts returns a JSON string, or every string of a list of strings.
func texts(value json.RawMessage) []string {
	var single string
	if json.Unmarshal(value, &single) == nil {
		return []string{single}
	}
	var list []string
	_ = json.Unmarshal(value, &list) // anything else holds no text
	return list
}
