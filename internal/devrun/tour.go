package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"text/tabwriter"
	"time"
)

// tour plays the chapters and keeps what happened for the table at the end.
type tour struct {
	*stage
	rows  []string
	wrong int
}

// scene is one provider's part: what to send, and what the customer sends back
// where there is no page to go to.
type scene struct {
	provider string
	payment  string
	confirm  string
	payout   string
	methods  string // query of the methods' list, "" where there is none
	balances bool
	// backOffice: the account's notice URL is typed in at the provider.
	backOffice bool
}

// note adds a row and prints it.
func (t *tour) note(provider, what, result, how string, ok bool) {
	mark := "✓"
	if !ok {
		mark = "✗"
		t.wrong++
	}
	t.rows = append(t.rows, strings.Join([]string{mark, provider, what, result, how}, "\t"))
	fmt.Printf("  %s %s: %s → %s (%s)\n", mark, provider, what, result, how)
}

func (t *tour) table(w io.Writer) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "\tPROVIDER\tWHAT\tRESULT\tHOW")
	for _, row := range t.rows {
		_, _ = fmt.Fprintln(out, row)
	}
	_ = out.Flush()
}

// present returns the scenes of the providers that the sandbox simulates.
func (t *tour) present() []scene {
	return slices.DeleteFunc(
		slices.Clone(scenes),
		func(s scene) bool { return t.addresses[s.provider] == "" },
	)
}

func (t *tour) payments(ctx context.Context) error {
	for _, account := range t.present() {
		if account.backOffice {
			if err := t.typeIn(ctx, account.provider); err != nil {
				return err
			}
		}

		began := time.Now()
		var made record
		if err := t.call(ctx, http.MethodPost, "/v1/payments", "demo-"+account.provider, account.payment, &made); err != nil {
			return err
		}

		// The customer pays on the provider's page, or gives the merchant a
		// proof of payment that the host passes on.
		if made.NextAction != nil && made.NextAction.Type == "redirect" {
			if err := t.visit(ctx, made.NextAction.URL); err != nil {
				return err
			}
		} else if account.confirm != "" {
			if err := t.call(ctx, http.MethodPost, "/v1/payments/"+made.ID+"/confirm", "demo-confirm-"+account.provider, account.confirm, &made); err != nil {
				return err
			}
		}

		made, err := t.wait(ctx, "/v1/payments/"+made.ID)
		if err != nil {
			return err
		}
		t.note(
			account.provider,
			"payment",
			made.Status,
			fmt.Sprintf("by %s in %d ms", settledBy(made), time.Since(began).Milliseconds()),
			made.Status == "succeeded",
		)
	}

	return nil
}

// typeIn returns a simulator the account's notice URL, as an operator would in
// the provider's back office.
func (t *tour) typeIn(ctx context.Context, provider string) error {
	var p struct {
		URL string `json:"webhook_url"`
	}
	if err := t.call(ctx, http.MethodGet, "/v1/providers/"+provider, "", "", &p); err != nil {
		return err
	}
	return t.simulator(ctx, http.MethodPut, provider, "notify-url", p.URL)
}

// settledBy tells what brought the last status.
func settledBy(r record) string {
	for _, h := range r.History {
		if h.To == r.Status && h.Action == r.Status {
			return map[string]string{"webhook": "webhook", "return": "the customer's return", "poll": "asking", "call": "the call's own answer"}[h.Actor]
		}
	}
	return "?"
}

func (t *tour) payouts(ctx context.Context) error {
	for _, account := range t.present() {
		if account.payout == "" {
			continue
		}
		began := time.Now()
		var made record
		if err := t.call(ctx, http.MethodPost, "/v1/payouts", "demo-payout-"+account.provider, account.payout, &made); err != nil {
			return err
		}

		made, err := t.wait(ctx, "/v1/payouts/"+made.ID)
		if err != nil {
			return err
		}
		t.note(
			account.provider,
			"payout",
			made.Status,
			fmt.Sprintf("by %s in %d ms", settledBy(made), time.Since(began).Milliseconds()),
			made.Status == "succeeded",
		)
	}

	return nil
}

func (t *tour) lookups(ctx context.Context) error {
	for _, account := range t.present() {
		var list struct {
			Data []json.RawMessage `json:"data"`
		}
		if account.methods != "" {
			if err := t.call(ctx, http.MethodGet, "/v1/providers/"+account.provider+"/payment-methods?"+account.methods, "", "", &list); err != nil {
				return err
			}
			t.note(
				account.provider,
				"payment methods",
				fmt.Sprintf("%d", len(list.Data)),
				"asked",
				len(list.Data) > 0,
			)
		}

		if account.balances {
			if err := t.call(ctx, http.MethodGet, "/v1/providers/"+account.provider+"/balances", "", "", &list); err != nil {
				return err
			}
			t.note(
				account.provider,
				"balances",
				fmt.Sprintf("%d", len(list.Data)),
				"asked",
				len(list.Data) > 0,
			)
		}
	}

	return nil
}

// provider is what the tour needs of a provider's state.
type provider struct {
	State   string `json:"state"`
	PID     int    `json:"pid"`
	Version string `json:"version"`
}

func (t *tour) kill(ctx context.Context) error {
	name := scenes[0].provider
	if err := t.simulator(ctx, http.MethodPost, name, "faults", `{"kind":"delay","delay":"20s","times":1}`); err != nil {
		return err
	}
	var before provider
	if err := t.call(ctx, http.MethodGet, "/v1/providers/"+name, "", "", &before); err != nil {
		return err
	}

	// The payment is sent from its own goroutine, so that the plugin can be
	// killed while the simulator holds the request back.
	answer := make(chan record, 1)
	failed := make(chan error, 1)
	go func() {
		var p record
		if err := t.call(ctx, http.MethodPost, "/v1/payments", "demo-kill", scenes[0].payment, &p); err != nil {
			failed <- err
			return
		}
		answer <- p
	}()

	if err := t.untilDelayed(ctx, name); err != nil {
		return err
	}
	fmt.Printf("  kill -9 %d\n", before.PID)
	began := time.Now()
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		return err
	}

	// The host cannot know whether the provider made the payment, so any status
	// but unknown would be a guess.
	select {
	case p := <-answer:
		t.note(
			name,
			"payment, plugin killed",
			p.Status,
			fmt.Sprintf("answered after %d ms", time.Since(began).Milliseconds()),
			p.Status == "unknown",
		)

	case err := <-failed:
		return err
	}

	var made record
	if err := t.call(ctx, http.MethodPost, "/v1/payments", "demo-after-kill", scenes[0].payment, &made); err != nil {
		return err
	}
	t.note(
		name,
		"the next payment",
		made.Status,
		fmt.Sprintf("%d ms after the kill", time.Since(began).Milliseconds()),
		made.Status == "requires_action",
	)

	return nil
}

// untilDelayed waits until the simulator holds a request back: the fault is
// used up.
func (t *tour) untilDelayed(ctx context.Context, name string) error {
	for {
		req, err := http.NewRequestWithContext(
			ctx,
			http.MethodGet,
			t.addresses[name]+"/_simulator/faults",
			nil,
		)
		if err != nil {
			return err
		}

		resp, err := t.client.Do(req)
		if err != nil {
			return err
		}
		data, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !strings.Contains(string(data), `"delay"`) {
			return err
		}

		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// callers is how many make payments while a plugin is swapped.
const callers = 8

func (t *tour) swap(ctx context.Context) error {
	name, version := scenes[0].provider, "1.1.0"
	if err := t.buildPlugin(ctx, name, version); err != nil {
		return err
	}
	var (
		wg           sync.WaitGroup
		calls, wrong atomic.Int64
		stop         = make(chan struct{})
		versions     sync.Map
	)

	for n := range callers {
		wg.Go(func() {
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				default:
				}

				var made record
				err := t.call(
					ctx,
					http.MethodPost,
					"/v1/payments",
					fmt.Sprintf("demo-swap-%d-%d", n, k),
					scenes[0].payment,
					&made,
				)

				calls.Add(1)
				if err != nil || made.Status != "requires_action" {
					wrong.Add(1)
					continue
				}

				versions.Store(made.Attempts[0].PluginVersion, true)
			}
		})
	}

	// The callers stop only after the reload, so that the whole swap is under
	// load.
	err := t.reloadWith(ctx, name, version, &calls)
	close(stop)
	wg.Wait()
	if err != nil {
		return err
	}

	var seen []string
	versions.Range(func(v, _ any) bool { seen = append(seen, fmt.Sprint(v)); return true })
	slices.Sort(seen)
	t.note(
		name,
		"swap under load",
		fmt.Sprintf("%d failed of %d", wrong.Load(), calls.Load()),
		"versions "+strings.Join(
			seen,
			", ",
		),
		wrong.Load() == 0 && slices.Contains(seen, version),
	)

	return nil
}

// reloadWith asks for another version while calls are made, and lets some more
// be made after it.
func (t *tour) reloadWith(
	ctx context.Context,
	name, version string,
	calls *atomic.Int64,
) error {
	if err := more(ctx, calls, 100); err != nil {
		return err
	}
	plugin := fmt.Sprintf("plugin = %q\n", name)
	if err := t.editConfig(plugin, plugin+fmt.Sprintf("version = %q\n", version)); err != nil {
		return err
	}

	out, err := exec.CommandContext(ctx, "bin/payhost", "reload", "--config", t.config).
		CombinedOutput()
	fmt.Print(indent(string(out)))
	if err != nil {
		return fmt.Errorf("payhost reload: %w", err)
	}

	return more(ctx, calls, 100)
}

// more waits until n more calls have been made.
func more(ctx context.Context, calls *atomic.Int64, n int64) error {
	for want := calls.Load() + n; calls.Load() < want; {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ") + "\n"
}
