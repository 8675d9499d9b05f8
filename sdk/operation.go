package sdk

import (
	"context"
	"encoding/json"
)

// InvokeOperationRequest runs one of the provider's own operations.
type InvokeOperationRequest struct {
	Operation string // one of Info.Operations
	// one JSON value; the SDK has checked that it is well formed, not its
	// schema
	Input          json.RawMessage
	IdempotencyKey string // set when the operation moves money
}

// OperationInvoker is CapabilityInvokeOperation. An unknown operation is
// CodeNotFound, which the SDK answers by itself for names that Info.Operations
// does not list.
type OperationInvoker interface {
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
// DecodeInput does, and writes what run gives. The types are those of
// OperationOf:
//
//	return sdk.Invoke(ctx, req, p.quoteFee) // func(context.Context, feeInput) (feeOutput, error)
func Invoke[In, Out any](
	ctx context.Context,
	req InvokeOperationRequest,
	run func(context.Context, In) (Out, error),
) (json.RawMessage, error) {
	var in In
	if err := DecodeInput(req.Input, &in); err != nil {
		return nil, err
	}
	out, err := run(ctx, in)
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}
