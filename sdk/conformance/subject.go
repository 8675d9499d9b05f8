package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/sdk"
)

// subject is the plugin that is proven, with what the scout found out about it.
type subject struct {
	launch  Launch
	config  func(baseURL string) string
	control controls
	tap     *tap
	watch   *Watch
	// patience is how long the kit waits for what should happen at once.
	patience time.Duration

	partial bool
	scouted bool
	info    sdk.Info
	account sdk.AccountInfo
	schema  schema
	methods []sdk.PaymentMethod
	// calls has, by verb, the methods of the requests that one call makes when nothing goes wrong.
	calls map[sdk.Capability][]string
}

// schema is what the kit reads of a configuration's JSON Schema.
type schema struct {
	Type                 string                     `json:"type"`
	Properties           map[string]json.RawMessage `json:"properties"`
	Required             []string                   `json:"required"`
	AdditionalProperties *bool                      `json:"additionalProperties"`
}

type property struct {
	Type      any  `json:"type"` // a text or a list of them
	WriteOnly bool `json:"writeOnly"`
	Identity  bool `json:"x-payhost-identity"`
}

// The value is the zero property for a key that is not described.
func (s schema) property(key string) property {
	var p property
	_ = json.Unmarshal(s.Properties[key], &p) // the case about the schema has complained
	return p
}

// accountName is the account of every case.
const accountName = "kit"

// caseTime bounds a case, so that a provider that hangs fails and the rest is still proven.
const caseTime = time.Minute

func newSubject(launch Launch, config func(string) string, sim Simulator) (*subject, error) {
	control := controlsOf(sim)
	t, err := newTap(sim, control.login)
	if err != nil {
		return nil, err
	}
	return &subject{
		launch: launch, config: config, control: control, tap: t, watch: &Watch{}, calls: map[sdk.Capability][]string{},
	}, nil
}

func (s *subject) can(c sdk.Capability) bool { return slices.Contains(s.account.Capabilities, c) }

// No needs at all are met by everybody.
func (s *subject) canAll(list []sdk.Capability) bool {
	return !slices.ContainsFunc(list, func(c sdk.Capability) bool { return !s.can(c) })
}

// goodConfig is the configuration with which everything works.
func (s *subject) goodConfig() json.RawMessage { return json.RawMessage(s.config(s.tap.url)) }

// scout starts the plugin once and asks what it is.
func (s *subject) scout(r Reporter) {
	must := func(what string, err error) {
		if err != nil {
			r.Errorf("%s: %v", what, err)
			r.FailNow()
		}
	}
	p, err := s.launch(s.watch)
	must("the plugin does not start", err)
	defer func() { _ = p.Stop() }() // its end is a case of its own
	ctx, cancel := context.WithTimeout(context.Background(), caseTime)
	defer cancel()
	s.info, err = p.Client.Info(ctx)
	must("GetInfo", err)
	must("the configuration's JSON Schema", json.Unmarshal(s.info.ConfigSchema, &s.schema))
	s.account, err = p.Client.Configure(ctx, accountName, s.goodConfig())
	must("the configuration that config gives is not accepted", err)
	must("the configuration that config gives", s.learnSecrets())
	if s.can(sdk.CapabilityListPaymentMethods) {
		s.methods, err = p.Client.Account(accountName).ListPaymentMethods(ctx, sdk.ListPaymentMethodsRequest{
			Currency: s.currency(), Country: s.country(), CustomerID: "kit",
		})
		must("ListPaymentMethods", err)
	}
	if lacks := s.lacks(); len(lacks) > 0 && !s.partial {
		must("the simulator", fmt.Errorf("cannot prove this provider: it must be\n\t%s", strings.Join(lacks, "\n\t")))
	}
	s.scouted = true
}

// lacks names what the simulator must be besides, for what the account can do.
func (s *subject) lacks() []string {
	var out []string
	lack := func(is bool, what string, verbs ...sdk.Capability) {
		if i := slices.IndexFunc(verbs, s.can); !is && i >= 0 {
			out = append(out, fmt.Sprintf("a conformance.%s, for %s", what, verbs[i]))
		}
	}
	c := s.control
	lack(c.books != nil, "Bookkeeper", sdk.CapabilityCreatePayment, sdk.CapabilityCreatePayout)
	lack(c.settle != nil, "Settler", sdk.CapabilityGetPayment, sdk.CapabilityParseWebhook, sdk.CapabilityCreateRefund, sdk.CapabilityGetPayout)
	lack(c.webhooks != nil, "Notifier", sdk.CapabilityParseWebhook)
	lack(c.returns != nil, "Returner", sdk.CapabilityParseReturn)
	lack(c.samples.Authorization != nil, "Requests with Samples.Authorization", sdk.CapabilityCapturePayment)
	return out
}

// minSecret is the shortest secret that can be looked for without finding it everywhere.
const minSecret = 8

// learnSecrets reads the values of the configuration's secrets.
func (s *subject) learnSecrets() error {
	config, err := object(s.goodConfig())
	if err != nil {
		return err
	}
	owner := map[string]string{}
	for _, key := range s.secretKeys() {
		for _, value := range texts(config[key]) {
			if len(value) < minSecret {
				return fmt.Errorf("the secret %s must have at least %d characters in a test", key, minSecret)
			}
			if other, taken := owner[value]; taken {
				return fmt.Errorf("the secrets %s and %s must be different in a test", other, key)
			}
			owner[value] = key
			s.watch.add(key, value)
		}
	}
	return nil
}

// By the schema, as a host knows them: the kit has no other way when the plugin is a program.
func (s *subject) secretKeys() []string {
	var out []string
	for key := range s.schema.Properties {
		if s.schema.property(key).WriteOnly {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// object reads JSON text, keeping each member as it is written.
func object(text json.RawMessage) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	err := json.Unmarshal(text, &members)
	return members, err
}

// texts gives a JSON string, or every string of a list.
func texts(value json.RawMessage) []string {
	var one string
	if json.Unmarshal(value, &one) == nil {
		return []string{one}
	}
	var list []string
	_ = json.Unmarshal(value, &list) // anything else holds no text
	return list
}

// sequence counts everything that any Prove in this process makes, so that no simulator sees a reference or a sequence
// number twice. One in another process outlives this one: Dial begins somewhere else each time.
var sequence atomic.Uint64
