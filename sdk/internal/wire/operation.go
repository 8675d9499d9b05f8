package wire

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// InvokeOperation carries JSON text as it is: decoding it here could change numbers.
var InvokeOperation = Verb[sdk.OperationInvoker, sdk.InvokeOperationRequest, json.RawMessage, *pb.InvokeOperationRequest, *pb.InvokeOperationResponse]{
	Name: "InvokeOperation", Capability: sdk.CapabilityInvokeOperation,
	Call: sdk.OperationInvoker.InvokeOperation, Invoke: providerClient.InvokeOperation,
	EncodeRequest: func(account string, req sdk.InvokeOperationRequest) *pb.InvokeOperationRequest {
		return &pb.InvokeOperationRequest{
			Account: account, Operation: req.Operation, Input: req.Input, IdempotencyKey: req.IdempotencyKey,
		}
	},
	decodeRequest: func(r *reader, w *pb.InvokeOperationRequest) sdk.InvokeOperationRequest {
		return sdk.InvokeOperationRequest{
			Operation: w.GetOperation(), Input: r.json("input", w.GetInput(), MaxInput),
			IdempotencyKey: w.GetIdempotencyKey(),
		}
	},
	encodeResponse: func(output json.RawMessage) *pb.InvokeOperationResponse {
		return &pb.InvokeOperationResponse{Output: output}
	},
	decodeResponse: func(r *reader, w *pb.InvokeOperationResponse) json.RawMessage {
		return r.json("output", w.GetOutput(), MaxMessageSize)
	},
}

// json reads exactly one JSON value.
func (r *reader) json(field string, data []byte, limit int) json.RawMessage {
	text := r.blob(field, data, limit)
	if len(data) <= limit && !json.Valid(text) {
		r.fail(field, "not a JSON value")
	}
	return text
}
