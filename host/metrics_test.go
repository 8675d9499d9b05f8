package host_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/hosttest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// observed is a host that serves on a TLS listener, and what it shows there.
type observed struct {
	*host.Host
	cfg    *host.Config
	shop   *hosttest.Provider
	url    string
	client *http.Client
}

func observe(t *testing.T) *observed {
	t.Helper()
	cfg := settings(t)
	pool := certificate(t, cfg)
	where := make(addresses, 1)
	shop := hosttest.NewProvider("shop")
	h := hosttest.Start(t, hosttest.Setup{
		Config:    cfg,
		Providers: []*hosttest.Provider{shop},
		Options:   []host.Option{host.WithLogger(slog.New(where)), host.WithVersion("1.2.3")},
	})

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})

	return &observed{
		Host: h,
		cfg:  cfg,
		shop: shop,
		url:  "https://" + <-where,
		client: &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: pool},
		}},
	}
}

// families are the metrics by name.
type families map[string]*client.MetricFamily

// scrape reads /metrics as Prometheus does.
func (o *observed) scrape(t *testing.T) families {
	t.Helper()
	answer, err := o.client.Get(o.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()

	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// value returns the value of one series, whose labels are written as
// "name=value name=value" in the order of their names.
func (f families) value(name, labels string) (float64, bool) {
	if f[name] == nil {
		return 0, false
	}
	for _, m := range f[name].GetMetric() {
		pairs := []string{}
		for _, pair := range m.GetLabel() {
			pairs = append(pairs, pair.GetName()+"="+pair.GetValue())
		}
		slices.Sort(pairs)
		if strings.Join(pairs, " ") == labels {
			counted := float64(m.GetHistogram().GetSampleCount())
			return m.GetGauge().GetValue() + m.GetCounter().GetValue() + counted, true
		}
	}
	return 0, false
}

// awaitMetric scrapes until a series has a value.
func (o *observed) awaitMetric(t *testing.T, name, labels string, want float64) families {
	t.Helper()
	for {
		found := o.scrape(t)
		got, ok := found.value(name, labels)
		if ok && got == want {
			return found
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("%s{%s} is %v (%v), want %v", name, labels, got, ok, want)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// pay makes a payment and returns it.
func (o *observed) pay(t *testing.T, key string) *host.Payment {
	t.Helper()
	p, err := o.CreatePayment(t.Context(), request("shop"), host.IdempotencyKey(key))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The names are fixed: dashboards and alerts of others depend on them.
var fixedMetrics = map[string][]string{
	"payhost_build_info":                     {"go_version", "version"},
	"payhost_provider_up":                    {"provider"},
	"payhost_provider_breaker_open":          {"provider"},
	"payhost_provider_calls_total":           {"code", "outcome", "provider", "verb"},
	"payhost_provider_call_duration_seconds": {"provider", "verb"},
	"payhost_intents":                        {"kind", "provider", "status"},
	"payhost_doubt_amount":                   {"currency", "kind", "provider"},
	"payhost_doubt_intents":                  {"kind", "provider"},
	"payhost_doubt_oldest_seconds":           {"kind", "provider"},
	"payhost_webhooks":                       {"provider", "state"},
	"payhost_due_backlog":                    {"provider"},
	"payhost_due_oldest_seconds":             {"provider"},
	"payhost_store_commit_duration_seconds":  {},
	"payhost_store_writable":                 {},
	"payhost_plugin_resident_bytes":          {"plugin", "version"},
	"payhost_plugin_restarts_total":          {"plugin"},
	"payhost_config_last_reload_success":     {},
	"payhost_certificate_expiry_seconds":     {},
	"payhost_events_pending":                 {"endpoint"},
	"payhost_events_dead":                    {"endpoint"},
	"payhost_events_oldest_seconds":          {"endpoint"},
}

// doubtful brings a host to where it shows everything: one payment has
// succeeded, and of one payment and one payout it is not known.
func (o *observed) doubtful(t *testing.T) {
	t.Helper()
	paid := o.pay(t, "paid")
	o.shop.Settle(paid.ID, "succeeded")
	if answer := o.shop.Notify(t, o.Host, paid.ID); answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}

	o.shop.On(sdk.CapabilityCreatePayment, hosttest.Doubt())
	o.shop.On(sdk.CapabilityCreatePayout, hosttest.Doubt())
	if lost := o.pay(t, "lost"); lost.Status != "unknown" {
		t.Fatalf("it is %s", lost.Status)
	}
	_, err := o.CreatePayout(t.Context(), host.PayoutRequest{
		Provider:  "shop",
		Amount:    decimal.RequireFromString("7.25"),
		Currency:  "EUR",
		Recipient: host.Recipient{ID: "someone"},
	}, host.IdempotencyKey("sent"))
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheMetricsAnswerTheQuestionsOfAnIncident(t *testing.T) {
	o := observe(t)
	o.doubtful(t)
	shown := o.awaitMetric(t, "payhost_doubt_amount", "currency=EUR kind=payout provider=shop", 7.25)

	for name, labels := range fixedMetrics {
		family := shown[name]
		if family == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		if family.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}

		for _, metric := range family.GetMetric() {
			has := map[string]bool{}
			for _, pair := range metric.GetLabel() {
				has[pair.GetName()] = true
			}
			if got := slices.Sorted(maps.Keys(has)); !slices.Equal(got, labels) {
				t.Errorf("%s has the labels %v, want %v", name, got, labels)
			}
		}
	}

	for series, want := range map[string]float64{
		"payhost_intents|kind=payment provider=shop status=succeeded":                       1,
		"payhost_intents|kind=payment provider=shop status=unknown":                         1,
		"payhost_intents|kind=payment provider=shop status=expired":                         0,
		"payhost_intents|kind=payout provider=shop status=unknown":                          1,
		"payhost_doubt_amount|currency=USD kind=payment provider=shop":                      60,
		"payhost_doubt_intents|kind=payment provider=shop":                                  1,
		"payhost_webhooks|provider=shop state=applied":                                      1,
		"payhost_webhooks|provider=shop state=failed":                                       0,
		"payhost_provider_up|provider=shop":                                                 1,
		"payhost_provider_breaker_open|provider=shop":                                       0,
		"payhost_provider_calls_total|code=ok outcome=ok provider=shop verb=create_payment": 1,
		"payhost_store_writable|":                                                           1,
		"payhost_config_last_reload_success|":                                               1,
		"payhost_events_dead|endpoint=default":                                              0,
		"payhost_plugin_restarts_total|plugin=hosttest":                                     0,
	} {
		name, labels, _ := strings.Cut(series, "|")
		if got, ok := shown.value(name, labels); !ok || got != want {
			t.Errorf("%s is %v (%v), want %v", series, got, ok, want)
		}
	}

	// How long, how large and how much are not known beforehand.
	for series, most := range map[string]float64{
		"payhost_doubt_oldest_seconds|kind=payment provider=shop": 600,
		"payhost_certificate_expiry_seconds|":                     3600,
		"payhost_store_commit_duration_seconds|":                  10_000,
	} {
		name, labels, _ := strings.Cut(series, "|")
		if got, ok := shown.value(name, labels); !ok || got <= 0 || got > most {
			t.Errorf("%s is %v (%v)", series, got, ok)
		}
	}
}

// A class of a duration that is more than twice the one before says too little
// about what is in it.
func TestTheClassesOfDurationsAreAtMostTwiceTheOneBefore(t *testing.T) {
	o := observe(t)
	o.pay(t, "a")
	looked := 0
	for name, family := range o.scrape(t) {
		for _, metric := range family.GetMetric() {
			before := 0.0
			for _, bucket := range metric.GetHistogram().GetBucket() {
				end := bucket.GetUpperBound()
				if finite := end < 1e9; finite && before > 0 && end/before > 2.000001 {
					t.Errorf("%s has the classes %v and %v", name, before, end)
				}
				before = end
				looked++
			}
		}
	}
	if looked == 0 {
		t.Error("there are no durations")
	}
}

// While a breaker is open no lease is given, and no call reaches the chain that
// counts: what is turned away is counted all the same, and is no quick answer.
func TestWhatIsTurnedAwayIsCounted(t *testing.T) {
	o := observe(t)
	o.shop.On(sdk.CapabilityCreatePayment, hosttest.Refuse(sdk.CodeUnavailable, "", "closed"))
	created := 0
	for turnedAway := false; !turnedAway; created++ {
		_, err := o.CreatePayment(
			t.Context(),
			request("shop"),
			host.IdempotencyKey(strings.Repeat("k", created+1)),
		)
		turnedAway = err != nil
		if created > 50 {
			t.Fatal("the breaker does not open")
		}
	}

	shown := o.scrape(t)
	if open, _ := shown.value("payhost_provider_breaker_open", "provider=shop"); open != 1 {
		t.Error("the breaker is not shown as open")
	}
	labels := "code=unavailable outcome=not_sent provider=shop verb=create_payment"
	if got, _ := shown.value("payhost_provider_calls_total", labels); got < 1 {
		t.Errorf("%v calls were turned away", got)
	}

	reached := float64(o.shop.Calls(sdk.CapabilityCreatePayment))
	timed, _ := shown.value("payhost_provider_call_duration_seconds", "provider=shop verb=create_payment")
	if timed != reached {
		t.Errorf("%v durations of %v calls that reached the plugin", timed, reached)
	}

	history, err := o.ProviderHistory("shop", "1h")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, point := range history.Points {
		calls += point.Calls
	}
	if float64(calls) <= reached {
		t.Errorf("the history has %d calls, %v of them reached the plugin", calls, reached)
	}
}

func TestAReloadThatFailsIsShown(t *testing.T) {
	o := observe(t)
	if _, _, err := o.ReloadFile(t.Context(), false); err == nil {
		t.Error("a configuration without a file is read again")
	}

	broken := *o.cfg
	broken.Providers = []config.Provider{{Name: "not a name", Plugin: "hosttest"}}
	if _, err := o.Reload(t.Context(), &broken, false); err == nil {
		t.Fatal("a broken configuration is taken")
	}
	o.awaitMetric(t, "payhost_config_last_reload_success", "", 0)

	mended := *o.cfg
	mended.Providers = nil
	if _, err := o.Reload(t.Context(), &mended, false); err != nil {
		t.Fatal(err)
	}
	o.awaitMetric(t, "payhost_config_last_reload_success", "", 1)
}

func TestAttentionNamesWhatWaitsForAPerson(t *testing.T) {
	o := observe(t)
	o.doubtful(t)
	found, err := o.Attention(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}

	seen := map[host.AttentionKind]int{}
	for k, item := range found.Data {
		seen[item.Kind]++
		if item.Summary == "" || len(item.Do) == 0 {
			t.Errorf("%+v says too little", item)
		}
		if k > 0 && item.Since.Before(found.Data[k-1].Since) {
			t.Errorf("%+v comes after %+v", item, found.Data[k-1])
		}
	}

	// The certificate of these tests is valid for an hour.
	want := map[host.AttentionKind]int{"unknown": 2, "certificate_expiring": 1}
	if !maps.Equal(seen, want) || len(found.More) != 0 {
		t.Errorf("got %v and more of %v, want %v", seen, found.More, want)
	}

	few, err := o.Attention(t.Context(), 1)
	if err != nil || len(few.Data) != 2 || !slices.Equal(few.More, []host.AttentionKind{"unknown"}) {
		t.Errorf("%+v, %v", few, err)
	}
	var refused *host.Error
	if _, err := o.Attention(t.Context(), 201); !errors.As(err, &refused) {
		t.Errorf("a limit of 201: %v", err)
	}
}

func TestAttentionAndHistoryOverHTTP(t *testing.T) {
	o := observe(t)
	o.doubtful(t)
	get := func(path string) (int, string) {
		r, err := http.NewRequest(http.MethodGet, o.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := o.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}

	for path, part := range map[string]string{
		"/v1/attention":                             `payhost payments resolve pay_`,
		"/v1/providers/shop/history?window=24h":     `"step_seconds":60`,
		"/v1/providers/shop/history?window=7d":      `"step_seconds":600`,
		"/v1/providers/shop/history":                `"window":"1h"`,
		"/v1/providers/shop/history?window=forever": `window`,
		"/v1/providers/nobody/history":              `no provider is called`,
		"/v1/attention?limit=0":                     `limit`,
	} {
		status, body := get(path)
		wrong := strings.Contains(path, "forever") || strings.Contains(path, "limit=0")
		want := http.StatusOK
		switch {
		case strings.Contains(path, "nobody"):
			want = http.StatusNotFound
		case wrong:
			want = http.StatusUnprocessableEntity
		}
		if status != want || !strings.Contains(body, part) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

var metricName = regexp.MustCompile(`payhost_[a-z_]+[a-z]`)

// A dashboard or an alert about a name that no host has shows a calm that is
// none.
func TestAlertsAndDashboardNameWhatTheHostShows(t *testing.T) {
	o := observe(t)
	o.doubtful(t)
	o.scrape(t) // the first request that is seen by the second
	shown := o.awaitMetric(t, "payhost_doubt_amount", "currency=EUR kind=payout provider=shop", 7.25)

	for _, file := range []string{
		"../deploy/prometheus/rules.yml", "../deploy/grafana/payhost.json",
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}

		names := metricName.FindAllString(string(text), -1)
		if len(names) < 20 {
			t.Errorf("%s names %d metrics", file, len(names))
		}
		for _, name := range names {
			base := strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count")
			if shown[base] == nil {
				t.Errorf("%s names %s, which the host does not show", file, name)
			}
		}
	}

	var dashboard struct{ Panels []any }
	text, err := os.ReadFile("../deploy/grafana/payhost.json")
	if err == nil {
		err = json.Unmarshal(text, &dashboard)
	}
	if err != nil || len(dashboard.Panels) == 0 {
		t.Errorf("%d panels, %v", len(dashboard.Panels), err)
	}
}

// Calls that a brake has kept from being made are counted under its name.
func TestBrakedCallsAreCounted(t *testing.T) {
	o := observe(t)
	_, err := o.PauseProvider(t.Context(), "shop", payment.PausePayments, "ann", "a test")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"p1", "p2"} {
		_, err := o.CreatePayment(t.Context(), request("shop"), host.IdempotencyKey(key))
		if err == nil {
			t.Error("a payment was made")
		}
	}
	o.awaitMetric(t, "payhost_provider_calls_total",
		"code=paused outcome=not_sent provider=shop verb=create_payment", 2)
}
