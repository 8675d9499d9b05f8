package conformance_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// next goes on to the right plugin.
type next[Req, Resp any] func(context.Context, Req) (Resp, error)

// on twists the calls of one method. It must keep nothing between calls.
func on[Req, Resp any](
	change func(context.Context, Req, next[Req, Resp]) (Resp, error),
) twist {
	return remembering(
		func() func(context.Context, Req, next[Req, Resp]) (Resp, error) { return change },
	)
}

// remembering twists the calls of one method, afresh in each process.
func remembering[Req, Resp any](
	begin func() func(context.Context, Req, next[Req, Resp]) (Resp, error),
) twist {
	return twist{handle: func() grpc.UnaryServerInterceptor {
		change := begin()
		return func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			req, ok := in.(Req)
			if !ok {
				return handle(ctx, in)
			}

			return change(
				ctx,
				req,
				func(ctx context.Context, req Req) (resp Resp, err error) {
					out, err := handle(ctx, req)
					resp, _ = out.(Resp)
					return resp, err
				},
			)
		}
	}}
}

// failing twists what all errors say.
func failing(change func(*wire.ErrorDetail)) twist {
	return twist{handle: func() grpc.UnaryServerInterceptor {
		return func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			out, err := handle(ctx, in)
			s := status.Convert(err)
			for _, detail := range s.Details() {
				if d, ok := detail.(*wire.ErrorDetail); ok {
					change(d)
					s, _ = status.New(s.Code(), d.GetMessage()).WithDetails(d)
					return nil, s.Err()
				}
			}

			return out, err
		}
	}}
}

type (
	getInfo    = next[*wire.GetInfoRequest, *wire.GetInfoResponse]
	configure  = next[*wire.ConfigureRequest, *wire.ConfigureResponse]
	forget     = next[*wire.DeconfigureRequest, *wire.DeconfigureResponse]
	payOut     = next[*wire.CreatePayoutRequest, *wire.CreatePayoutResponse]
	invokation = next[*wire.InvokeOperationRequest, *wire.InvokeOperationResponse]
)

// said twists what GetInfo answers.
func said(change func(*wire.GetInfoResponse)) twist {
	return on(
		func(ctx context.Context, in *wire.GetInfoRequest, next getInfo) (*wire.GetInfoResponse, error) {
			out, err := next(ctx, in)
			if err == nil {
				change(out)
			}
			return out, err
		},
	)
}

// configured twists what Configure answers.
func configured(change func(*wire.ConfigureResponse)) twist {
	return on(
		func(ctx context.Context, in *wire.ConfigureRequest, next configure) (*wire.ConfigureResponse, error) {
			out, err := next(ctx, in)
			if err == nil {
				change(out)
			}
			return out, err
		},
	)
}

// speechless does not say what it is.
var speechless = on(
	func(context.Context, *wire.GetInfoRequest, getInfo) (*wire.GetInfoResponse, error) {
		return nil, status.Error(codes.Unimplemented, "unknown method GetInfo")
	},
)

// late knows what it is only once an account is configured.
var late = twist{handle: func() grpc.UnaryServerInterceptor {
	accounts := 0
	return func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		out, err := handle(ctx, in)
		switch out := out.(type) {
		case *wire.ConfigureResponse:
			accounts++
		case *wire.GetInfoResponse:
			if accounts == 0 {
				out.Countries = []string{"DE"}
			}
		}

		return out, err
	}
}}

// lenient leaves out the keys that it does not know.
var lenient = on(
	func(ctx context.Context, in *wire.ConfigureRequest, next configure) (*wire.ConfigureResponse, error) {
		var config map[string]json.RawMessage
		if json.Unmarshal(in.GetConfig(), &config) == nil {
			known := []string{"environment", "base_url", "shop", "key", "note"}
			for key := range config {
				if !slices.Contains(known, key) {
					delete(config, key)
				}
			}

			in.Config, _ = json.Marshal(config)
		}

		return next(ctx, in)
	},
)

// credulous takes every configuration.
var credulous = on(
	func(ctx context.Context, in *wire.ConfigureRequest, next configure) (*wire.ConfigureResponse, error) {
		out, err := next(ctx, in)
		if err != nil {
			out = &wire.ConfigureResponse{IdentityFingerprint: "none"}
		}
		return out, nil
	},
)

// talkative puts into an error what it is about.
var talkative = on(
	func(ctx context.Context, in *wire.ConfigureRequest, next configure) (*wire.ConfigureResponse, error) {
		out, err := next(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, in.GetConfig())
		}
		return out, nil
	},
)

// numbering returns every configuration another identity.
var numbering = remembering(
	func() func(context.Context, *wire.ConfigureRequest, configure) (*wire.ConfigureResponse, error) {
		count := 0
		return func(ctx context.Context, in *wire.ConfigureRequest, next configure) (*wire.ConfigureResponse, error) {
			out, err := next(ctx, in)
			if err == nil {
				count++
				out.IdentityFingerprint = fmt.Sprint(count)
			}
			return out, err
		}
	},
)

// fingerprinted makes the fingerprint of these keys.
func fingerprinted(keys ...string) twist {
	return on(
		func(ctx context.Context, in *wire.ConfigureRequest, next configure) (*wire.ConfigureResponse, error) {
			out, err := next(ctx, in)
			var config map[string]string
			if err == nil && json.Unmarshal(in.GetConfig(), &config) == nil {
				digest := sha256.New()
				for _, key := range keys {
					fmt.Fprintf(digest, "%q", config[key])
				}
				out.IdentityFingerprint = hex.EncodeToString(digest.Sum(nil))
			}

			return out, err
		},
	)
}

// unforgetting keeps every account.
var unforgetting = on(
	func(context.Context, *wire.DeconfigureRequest, forget) (*wire.DeconfigureResponse, error) {
		return &wire.DeconfigureResponse{}, nil
	},
)

// fragile loses an account whose new configuration is wrong.
var fragile = twist{handle: func() grpc.UnaryServerInterceptor {
	lost := false
	return func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if _, ok := in.(*wire.GetBalancesRequest); ok && lost {
			return nil, status.Error(codes.NotFound, "no such account")
		}
		out, err := handle(ctx, in)
		if _, ok := in.(*wire.ConfigureRequest); ok {
			lost = err != nil
		}
		return out, err
	}
}}

// terse has errors as gRPC has them, without saying what they mean.
var terse = twist{handle: func() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		out, err := handle(ctx, in)
		if err != nil {
			err = status.Error(status.Code(err), "it did not work")
		}
		return out, err
	}
}}

// untimed does not hear how much time a call has.
var untimed = twist{headers: func(r *http.Request) *http.Request {
	r.Header.Del("Grpc-Timeout")
	r.Header.Del("Payhost-Deadline")
	return r
}}

// deaf does not hear that its caller has gone away either.
var deaf = twist{headers: func(r *http.Request) *http.Request {
	r.Header.Del("Grpc-Timeout")
	r.Header.Del("Payhost-Deadline")
	return r.WithContext(context.WithoutCancel(r.Context()))
}}

// generous pays out what it can when it is asked for what it cannot.
var generous = on(
	func(ctx context.Context, in *wire.CreatePayoutRequest, next payOut) (*wire.CreatePayoutResponse, error) {
		out, err := next(ctx, in)
		if err != nil {
			in.Amount = &wire.Money{Amount: "10", Currency: "EUR"}
			return next(ctx, in)
		}
		return out, nil
	},
)

// strict pays out only more than the least.
var strict = on(
	func(ctx context.Context, in *wire.CreatePayoutRequest, next payOut) (*wire.CreatePayoutResponse, error) {
		if in.GetAmount().GetAmount() == "5" {
			in.Amount.Amount = "4.99"
		}
		return next(ctx, in)
	},
)

// obliging carries out something whatever it is asked for.
var obliging = on(
	func(ctx context.Context, in *wire.InvokeOperationRequest, next invokation) (*wire.InvokeOperationResponse, error) {
		in.Operation, in.IdempotencyKey = "top_up", "some"+in.GetIdempotencyKey()
		return next(ctx, in)
	},
)
