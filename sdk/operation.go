package sdk

import (
	"context"
	"encoding/json"
)

// InvokeOperationRequest runs one of the provider's own operations.
type InvokeOperationRequest struct {
	Operation      string          // one of Info.Operations
	Input          json.RawMessage // one JSON value; the SDK has checked that it is well formed, not its schema
	IdempotencyKey string          // set when the operation moves money
}

// OperationInvoker is CapabilityInvokeOperation. An unknown operation is CodeNotFound, which the SDK answers by itself
// for names that Info.Operations does not list.
type OperationInvoker interface {
	InvokeOperation(context.Context, InvokeOperationRequest) (json.RawMessage, error)
}
