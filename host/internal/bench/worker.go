package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/internal/bench/plain"
)

// workerRole is the argument that makes this program a worker: it measures what
// it is told to on standard input. The same worker is built into the tree that
// this one is compared with.
const workerRole = "worker"

// The ways of calling, and of paying.
const (
	wayPlain = "plain"
	waySDK   = "sdk"
	wayHost  = "host"
	wayPay   = "pay"
)

// order is what a worker is told; each kind of order reads some of it.
type order struct {
	Do       string
	Dir, URL string
	Way      string
	Callers  int
	Count    int
	For      time.Duration
	Rate     float64
	Server   int // the database's process, whose processor time counts too
}

// reply is a worker's answer to an order.
type reply struct {
	Error  string          `json:",omitempty"`
	Result json.RawMessage `json:",omitempty"`
}

// worker is what a worker has open.
type worker struct {
	calls   map[string]func(context.Context) error
	ends    []func()
	host    *host.Host
	created payments
	server  int
}

// work carries orders out, one after the other, until there are no more.
func work(ctx context.Context, in io.Reader, out io.Writer) error {
	w := &worker{calls: map[string]func(context.Context) error{}}
	defer w.close()
	lines := bufio.NewScanner(in)
	answers := json.NewEncoder(out)

	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}

		var answer reply
		result, err := w.do(ctx, o)
		if err == nil {
			answer.Result, err = json.Marshal(result)
		}
		if err != nil {
			answer.Error = fmt.Sprintf("%s: %v", o.Do, err)
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}

	return lines.Err()
}

func (w *worker) do(ctx context.Context, o order) (any, error) {
	switch o.Do {
	case "open-ways":
		return nil, w.openWays(ctx, o)
	case "open-host":
		return nil, w.openHost(ctx, o)
	case "load":
		return load(ctx, o.Callers, o.For, w.calls[o.Way], w.server)
	case "webhooks":
		return measureWebhooks(ctx, w, o)
	case "fill":
		return fill(ctx, o)
	case "sizes":
		return measureSizes(ctx, o)
	case "lists":
		return measureLists(ctx, w, o.For)
	case "recover":
		return measureRecovery(ctx, o)
	case "sustain":
		return sustain(ctx, o, w.calls[wayPay])
	case "starts":
		return measureStarts(ctx, o.Dir, o.Count)
	case "kills":
		return measureKills(ctx, o.Dir, o.Count)
	case "swaps":
		return measureSwaps(ctx, o.Dir, o.Count)
	case "torture":
		return measureTorture(ctx, o.Dir)
	default:
		return nil, errors.New("there is no such order")
	}
}

// plainRequest is request as the contract's JSON.
func plainRequest() (string, error) {
	payment := request()
	text, err := json.Marshal(map[string]any{
		"account":        account,
		"reference":      payment.Reference,
		"idempotencyKey": payment.IdempotencyKey,
		"sequence":       payment.Sequence,
		"attempt":        payment.Attempt,
		"amount":         map[string]string{"amount": "60.00", "currency": "USD"},
		"description":    payment.Description,
	})
	return string(text), err
}

func (w *worker) openWays(ctx context.Context, o order) error {
	text, err := plainRequest()
	if err != nil {
		return err
	}
	unbounded, end, err := plain.Open(providerProgram(), text)
	if err != nil {
		return err
	}
	w.ends = append(w.ends, end)
	w.calls[wayPlain] = func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		return unbounded(ctx)
	}

	w.calls[waySDK], end, err = openBare()
	if err != nil {
		return err
	}
	w.ends = append(w.ends, end)

	w.calls[wayHost], end, err = openHost(ctx, o.Dir)
	if err != nil {
		return err
	}
	w.ends = append(w.ends, end)

	return nil
}

func (w *worker) openHost(ctx context.Context, o order) (err error) {
	w.server = o.Server
	w.host, err = openDurable(ctx, o.Dir, o.URL)
	if err != nil {
		return err
	}
	w.created.prefix = fmt.Sprintf("bench-%d", os.Getpid())
	w.ends = append(w.ends, func() { _ = w.host.Close(context.Background()) })
	w.calls[wayPay] = func(ctx context.Context) error { return w.created.create(ctx, w.host) }

	return nil
}

func (w *worker) close() {
	for _, end := range w.ends {
		end()
	}
}
