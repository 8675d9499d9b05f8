package sdk

import (
	"context"
	"encoding/json"
)

// InvokeOperationRequest runs one of the provider's own operations.
type InvokeOperationRequest struct {
	Operation string // one of Info.Operations
	// Input is one JSON value. The SDK has checked that it is well formed, not its
	// schema.
	Input          json.RawMessage
	IdempotencyKey string // set when the operation moves money
}

// OperationInvoker is CapabilityInvokeOperation.
type OperationInvoker interface {
	// InvokeOperation runs one of Info.Operations: see Invoke. The SDK answers
	// CodeNotFound for any other name by itself. An operation that MovesMoney may
	// be called again with the same IdempotencyKey and must not move it twice.
	InvokeOperation(context.Context, InvokeOperationRequest) (json.RawMessage, error)
}

// OperationOf describes an operation by the types of its input and output, of
// which its schemas are made.
func OperationOf[In, Out any](name, description string) Operation {
	return Operation{
		Name:         name,
		Description:  description,
		InputSchema:  Schema[In](),
		OutputSchema: Schema[Out](),
	}
}

// Invoke runs one of the provider's operations: it reads the input strictly, as
// DecodeInput does, calls run and writes its result. The types are those of
// OperationOf:
//
//	return sdk.Invoke(ctx, req, p.quoteFee) // func(context.Context, feeInput) (feeOutput, error)
func Invoke[In, Out any](
	ctx context.Context, req InvokeOperationRequest,
	run func(context.Context, In) (Out, error),
) (json.RawMessage, error) {
	var input In
	if err := DecodeInput(req.Input, &input); err != nil {
		return nil, err
	}
	output, err := run(ctx, input)
	if err != nil {
		return nil, err
	}
	return json.Marshal(output)
}
