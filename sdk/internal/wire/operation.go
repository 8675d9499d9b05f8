package wire

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// InvokeOperation carries JSON text as it is: decoding it here could change
// numbers.
var InvokeOperation = &Verb[
	sdk.OperationInvoker, sdk.InvokeOperationRequest, json.RawMessage,
	*pb.InvokeOperationRequest, *pb.InvokeOperationResponse,
]{
	Name:       "InvokeOperation",
	Capability: sdk.CapabilityInvokeOperation,
	Call:       sdk.OperationInvoker.InvokeOperation,
	Invoke:     providerClient.InvokeOperation,

	EncodeRequest: func(
		account string, req sdk.InvokeOperationRequest,
	) *pb.InvokeOperationRequest {
		return &pb.InvokeOperationRequest{
			Account:        account,
			Operation:      req.Operation,
			Input:          req.Input,
			IdempotencyKey: req.IdempotencyKey,
		}
	},
	decodeRequest: func(
		read *reader, from *pb.InvokeOperationRequest,
	) sdk.InvokeOperationRequest {
		return sdk.InvokeOperationRequest{
			Operation:      from.GetOperation(),
			Input:          read.json("input", from.GetInput(), MaxInput),
			IdempotencyKey: from.GetIdempotencyKey(),
		}
	},
	encodeResponse: func(output json.RawMessage) *pb.InvokeOperationResponse {
		return &pb.InvokeOperationResponse{Output: output}
	},
	decodeResponse: func(read *reader, from *pb.InvokeOperationResponse) json.RawMessage {
		return read.json("output", from.GetOutput(), MaxMessageSize)
	},
}
