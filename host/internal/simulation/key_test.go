package simulation

import (
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// An idempotency key is a register that is written once: free, until it stands
// for one thing for ever. free is what a request shows that was answered with
// not_sent, in doubt what one shows that was not answered, or not with a clear
// word.
const (
	free    = "free"
	inDoubt = ""
)

// uses collects what every request under a key showed.
type uses map[string][]porcupine.Operation

// note adds a request and what its answer shows of its key.
func (u uses) note(key string, called time.Time, answer heard, err error) {
	shown := inDoubt
	var e *payment.Error

	switch {
	case err == nil && answer.done:
		shown = "done"
	case err == nil:
		shown = answer.id
	case errors.As(err, &e) && e.Outcome == sdk.OutcomeNotSent:
		shown = free
	}

	back := time.Now().UnixNano()
	if shown == inDoubt {
		back = math.MaxInt64 // it may yet be carried out
	}
	u[key] = append(u[key], porcupine.Operation{
		ClientId: len(u[key]),
		Input:    key,
		Output:   shown,
		Call:     called.UnixNano(),
		Return:   back,
	})
}

// judgeKeys: whatever order the requests under a key are thought in, each
// showed what the key then stood for.
func (w *world) judgeKeys() {
	for _, key := range slices.Sorted(maps.Keys(w.record.uses)) {
		history := w.record.uses[key]
		if len(history) > 1 && !porcupine.CheckOperations(register(history), history) {
			w.find("NOT LINEARIZABLE: %s", key)
		}
	}
}

// register is the model of one key with the answers of a history.
func register(history []porcupine.Operation) porcupine.Model {
	states := []any{free}
	for _, use := range history {
		if shown := use.Output; shown != inDoubt && !slices.Contains(states, shown) {
			states = append(states, shown)
		}
	}

	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{free} },
		Step: func(state, _, output any) []any {
			switch {
			case output == inDoubt && state == free:
				return states
			case output == inDoubt, output == state:
				return []any{state}
			case state == free:
				return []any{output}
			}
			return nil
		},
	}

	return model.ToModel()
}
