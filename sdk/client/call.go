package client

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// Call makes one call of any verb, for tools. verb is its name in snake case,
// such as "create_payment"; request is the JSON of its request message with the
// contract's own field names, in which the account is filled in. The answer is
// JSON of the same kind, with the masked exchanges in it. Bytes are base64 in
// both, times RFC 3339, durations seconds ("1.5s").
//
// Errors are *sdk.Error. A verb that does not exist, and a request that does
// not fit its message, are CodeInvalidRequest with OutcomeNotSent. Unlike the
// typed methods Call takes the plugin's answer as it comes.
func (a *Account) Call(
	ctx context.Context, verb string, request json.RawMessage,
) (json.RawMessage, error) {
	method := methodOf(verb)
	if method == nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest,
			"there is no verb %q; there are %s", verb, strings.Join(verbNames(), ", "))
	}
	in := newMessage(method.Input())
	out := newMessage(method.Output())
	if err := protojson.Unmarshal(request, in); err != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest,
			"the request is not a %s: %s", method.Input().Name(), plainly(err))
	}
	if field := method.Input().Fields().ByName("account"); field != nil {
		in.ProtoReflect().Set(field, protoreflect.ValueOfString(a.name))
	}

	path := "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
	invoke := func(
		ctx context.Context, in proto.Message, opts ...grpc.CallOption,
	) (proto.Message, error) {
		return out, a.client.conn.Invoke(ctx, path, in, out, opts...)
	}
	answer, failure := exchange(ctx, invoke, in)
	if failure != nil {
		return nil, failure
	}

	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(answer)
	if err != nil {
		return nil, &sdk.Error{
			Code:    sdk.CodeInternal,
			Message: "the plugin's answer cannot be written as JSON: " + plainly(err),
		}
	}
	// protojson varies its white space on purpose; its JSON is always valid.
	var compact bytes.Buffer
	_ = json.Compact(&compact, text)
	return compact.Bytes(), nil
}

// plainly returns the text of a protojson error on one line, without its noise:
// its first space is sometimes another character.
func plainly(err error) string {
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	text = strings.TrimPrefix(text, "proto: ")
	return strings.ReplaceAll(text, "\n", " ")
}

func newMessage(descriptor protoreflect.MessageDescriptor) proto.Message {
	generated, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	if err != nil {
		panic(err) // generated code registers all of them
	}
	return generated.New().Interface()
}

// methods describes the verbs of the contract that this client speaks.
func methods() protoreflect.MethodDescriptors {
	file := pb.File_payhost_provider_v1_provider_proto
	return file.Services().ByName("ProviderService").Methods()
}

// methodOf returns nil for a verb that does not exist.
func methodOf(verb string) protoreflect.MethodDescriptor {
	all := methods()
	for i := range all.Len() {
		if snakeCase(string(all.Get(i).Name())) == verb {
			return all.Get(i)
		}
	}
	return nil
}

// verbNames returns what Call takes.
func verbNames() (names []string) {
	all := methods()
	for i := range all.Len() {
		names = append(names, snakeCase(string(all.Get(i).Name())))
	}
	slices.Sort(names)
	return names
}

// snakeCase returns "create_payment" for "CreatePayment".
func snakeCase(name string) string {
	var snake strings.Builder
	for i, char := range name {
		if (char >= 'A') && (char <= 'Z') {
			if i > 0 {
				snake.WriteByte('_')
			}
			char += 'a' - 'A'
		}
		snake.WriteRune(char)
	}
	return snake.String()
}
