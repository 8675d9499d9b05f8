// Package rules holds the alerts of deploy/prometheus against Prometheus's own
// code: it reads the file as promtool does, and tries every alert on series for
// which it must fire, and on those of a healthy host, for which none may.
package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
)

const file = "../../deploy/prometheus/rules.yml"

// lasts is how long the series of a test are, with a value a minute.
const lasts = 2 * time.Hour

// healthy are the series of a host at which nothing is wrong, in Prometheus's
// notation: 5+6x120 begins with 5 and grows by 6 with each of 120 values.
var healthy = map[string]string{
	`payhost_build_info{version="1.2.3"}`:                      "1x120",
	`payhost_provider_up{provider="a"}`:                        "1x120",
	`payhost_provider_breaker_open{provider="a"}`:              "0x120",
	calls("create_payment", "ok"):                              "0+600x120",
	calls("create_payment", "declined"):                        "0+400x120",
	calls("create_payment", "unavailable"):                     "0+10x120",
	took("0.5"):                                                "0+960x120",
	took("16"):                                                 "0+1000x120",
	took("+Inf"):                                               "0+1000x120",
	`payhost_doubt_oldest_seconds{provider="a",kind="payout"}`: "0 60 120 180 0x116",
	`payhost_doubt_intents{provider="a",kind="payout"}`:        "3x120",
	reviewed():            "0 1 1 1 0x116",
	webhooks("pending"):   "0 2 0x118",
	webhooks("unmatched"): "0x120",
	webhooks("failed"):    "90x120",
	`payhost_due_oldest_seconds{provider="a"}`:    "3x120",
	`payhost_events_oldest_seconds{endpoint="x"}`: "2x120",
	`payhost_events_dead{endpoint="x"}`:           "0x120",
	`payhost_store_writable{instance="h"}`:        "1x120",
	committed("0.0064"):                           "0+1000x120",
	committed("3.2"):                              "0+1000x120",
	committed("+Inf"):                             "0+1000x120",
	`payhost_plugin_restarts_total{plugin="p"}`:   "0 1x119",
	resident(): "2e7x120",
	`payhost_config_last_reload_success{instance="h"}`: "1 0 1x118",
	`payhost_certificate_expiry_seconds{instance="h"}`: "5000000-60x120",
}

// broken are the series for which each alert fires; the others are those of a
// healthy host.
var broken = map[string]map[string]string{
	"PayhostAbsent":            {`payhost_build_info{version="1.2.3"}`: "_x120"},
	"PayhostVersionsDiffer":    {`payhost_build_info{version="1.2.4"}`: "1x120"},
	"PayhostProviderDown":      {`payhost_provider_up{provider="a"}`: "0x120"},
	"PayhostBreakerOpen":       {`payhost_provider_breaker_open{provider="a"}`: "1x120"},
	"PayhostProviderErrors":    {calls("create_payment", "unavailable"): "0+200x120"},
	"PayhostProviderSlow":      {took("0.5"): "0+900x120"},
	"PayhostDoubtLasts":        {`payhost_doubt_oldest_seconds{provider="a",kind="payout"}`: "0+60x120"},
	"PayhostDoubtMany":         {`payhost_doubt_intents{provider="a",kind="payout"}`: "21x120"},
	"PayhostUnderReview":       {reviewed(): "1x120"},
	"PayhostWebhooksWait":      {webhooks("pending"): "1x120"},
	"PayhostWebhooksUnmatched": {webhooks("unmatched"): "1x120"},
	"PayhostWebhooksFail":      {webhooks("failed"): "90+1x120"},
	"PayhostRecoveryBehind":    {`payhost_due_oldest_seconds{provider="a"}`: "0+60x120"},
	"PayhostEventsBehind":      {`payhost_events_oldest_seconds{endpoint="x"}`: "0+60x120"},
	"PayhostDeadLetters":       {`payhost_events_dead{endpoint="x"}`: "1x120"},
	"PayhostFindings":          {`payhost_findings_open{provider="p",kind="amount"}`: "1x120"},
	"PayhostFenced":            {`payhost_fenced{instance="h"}`: "1x120"},
	"PayhostStoreNotWritable":  {`payhost_store_writable{instance="h"}`: "0x120"},
	"PayhostCommitsSlow":       {committed("0.0064"): "0+900x120"},
	"PayhostPluginRestarts":    {`payhost_plugin_restarts_total{plugin="p"}`: "0+1x120"},
	"PayhostPluginMemory":      {resident(): "5e8x120"},
	"PayhostReloadFailed":      {`payhost_config_last_reload_success{instance="h"}`: "0x120"},
	"PayhostCertificateExpires": {
		`payhost_certificate_expiry_seconds{instance="h"}`: "500000-60x120",
	},
	"PayhostCertificateExpired": {
		`payhost_certificate_expiry_seconds{instance="h"}`: "50000-60x120",
	},
}

func calls(verb, code string) string {
	return fmt.Sprintf(`payhost_provider_calls_total{provider="a",verb=%q,code=%q}`, verb, code)
}

func took(upTo string) string {
	const name = "payhost_provider_call_duration_seconds_bucket"
	return fmt.Sprintf(`%s{provider="a",verb="create_payment",le=%q}`, name, upTo)
}

func committed(upTo string) string {
	return fmt.Sprintf(`payhost_store_commit_duration_seconds_bucket{instance="h",le=%q}`, upTo)
}

func webhooks(state string) string {
	return fmt.Sprintf(`payhost_webhooks{provider="a",state=%q}`, state)
}

func reviewed() string {
	return `payhost_intents{provider="a",kind="payment",status="under_review"}`
}

func resident() string { return `payhost_plugin_resident_bytes{plugin="p",version="1.0.0"}` }

// alerts reads the file. Whatever `promtool check rules` refuses fails the test.
func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	read := parser.NewParser(parser.Options{})
	groups, problems := rulefmt.ParseFile(file, false, model.UTF8Validation, read, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}

	var all []rulefmt.Rule
	for _, group := range groups.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

// fires reports whether an alert fires at the end of some series.
func fires(t *testing.T, alert rulefmt.Rule, series map[string]string) bool {
	t.Helper()
	var script strings.Builder
	script.WriteString("load 1m\n")
	for _, name := range slices.Sorted(maps.Keys(series)) {
		fmt.Fprintf(&script, "  %s %s\n", name, series[name])
	}
	store := promqltest.LoadedStorage(t, script.String())
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)

	// It fires when it held at every evaluation of the time that it waits.
	end := time.Unix(0, 0).Add(lasts)
	start := end.Add(-time.Duration(alert.For))
	query, err := engine.NewRangeQuery(t.Context(), store, nil, alert.Expr, start, end, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer query.Close()

	result := query.Exec(t.Context())
	matrix, err := result.Matrix()
	if err != nil {
		t.Fatalf("%s: %v", alert.Alert, err)
	}
	steps := int(time.Duration(alert.For)/time.Minute) + 1
	held := func(one promql.Series) bool { return len(one.Floats) == steps }

	return slices.ContainsFunc(matrix, held)
}

func TestEveryAlertFiresForWhatItIsAbout(t *testing.T) {
	tried := map[string]bool{}
	for _, alert := range alerts(t) {
		tried[alert.Alert] = true
		own := broken[alert.Alert]
		if own == nil {
			t.Errorf("%s is not tried", alert.Alert)
			continue
		}

		series := maps.Clone(healthy)
		maps.Copy(series, own)
		if !fires(t, alert, series) {
			t.Errorf("%s does not fire", alert.Alert)
		}
	}

	for name := range broken {
		if !tried[name] {
			t.Errorf("%s is tried, and is not in the file", name)
		}
	}
}

func TestNoAlertFiresAtAHealthyHost(t *testing.T) {
	for _, alert := range alerts(t) {
		if fires(t, alert, healthy) {
			t.Errorf("%s fires", alert.Alert)
		}
	}
}

// Whoever is woken by an alert has to be told what to do.
func TestEveryAlertSaysWhatToDo(t *testing.T) {
	for _, alert := range alerts(t) {
		for _, name := range []string{"summary", "runbook"} {
			if alert.Annotations[name] == "" {
				t.Errorf("%s has no %s", alert.Alert, name)
			}
		}
		if alert.Labels["severity"] == "" {
			t.Errorf("%s has no severity", alert.Alert)
		}
	}
}
