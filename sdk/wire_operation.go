package sdk

import (
	"encoding/json"
	"slices"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// invokeOperation carries JSON text as it is: decoding it here could change numbers.
var invokeOperation = verb[OperationInvoker, InvokeOperationRequest, json.RawMessage, *wire.InvokeOperationRequest, *wire.InvokeOperationResponse]{
	name: "InvokeOperation", capability: CapabilityInvokeOperation,
	call: OperationInvoker.InvokeOperation, invoke: providerClient.InvokeOperation,
	requestToWire: func(account string, req InvokeOperationRequest) *wire.InvokeOperationRequest {
		return &wire.InvokeOperationRequest{
			Account: account, Operation: req.Operation, Input: req.Input, IdempotencyKey: req.IdempotencyKey,
		}
	},
	requestFromWire: func(r *reader, w *wire.InvokeOperationRequest) InvokeOperationRequest {
		return InvokeOperationRequest{
			Operation: w.GetOperation(), Input: r.json("input", w.GetInput(), maxInput),
			IdempotencyKey: w.GetIdempotencyKey(),
		}
	},
	responseToWire: func(output json.RawMessage) *wire.InvokeOperationResponse {
		return &wire.InvokeOperationResponse{Output: output}
	},
	responseFromWire: func(r *reader, w *wire.InvokeOperationResponse) json.RawMessage {
		return r.json("output", w.GetOutput(), MaxMessageSize)
	},
	check: checkOperation,
}

// json reads exactly one JSON value.
func (r *reader) json(field string, data []byte, limit int) json.RawMessage {
	text := r.blob(field, data, limit)
	if len(data) <= limit && !json.Valid(text) {
		r.fail(field, "not a JSON value")
	}
	return text
}

// checkOperation answers for names that Info does not list, and asks for a key where money can move.
func checkOperation(r *reader, a *account, req InvokeOperationRequest) {
	i := slices.IndexFunc(a.plugin.Operations, func(o Operation) bool { return o.Name == req.Operation })
	switch {
	case i < 0:
		r.all.notFound = "there is no operation of that name"
	case a.plugin.Operations[i].MovesMoney:
		checkIdempotencyKey(r, req.IdempotencyKey)
	}
}
