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

// Call makes one call of any verb, for tools: verb is its name in snake case, such as "create_payment", request the JSON
// of its request message with the contract's own field names. The account is filled in. The answer is JSON of the same
// kind, with the masked exchanges in it. Bytes are base64 in both, times RFC 3339, durations seconds ("1.5s"). Errors are
// *Error; of a request that does not fit its message, or a verb that there is not, CodeInvalidRequest with
// OutcomeNotSent. Unlike the typed methods it takes the plugin's answer as it comes.
func (a *Account) Call(ctx context.Context, verb string, request json.RawMessage) (json.RawMessage, error) {
	method := methodOf(verb)
	if method == nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "there is no verb %q; there are %s", verb, strings.Join(verbNames(), ", "))
	}
	in, out := newMessage(method.Input()), newMessage(method.Output())
	if err := protojson.Unmarshal(request, in); err != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the request is not a %s: %s", method.Input().Name(), plainly(err))
	}
	if field := method.Input().Fields().ByName("account"); field != nil {
		in.ProtoReflect().Set(field, protoreflect.ValueOfString(a.name))
	}
	path := "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
	answer, e := exchange(ctx, func(ctx context.Context, in proto.Message, opts ...grpc.CallOption) (proto.Message, error) {
		return out, a.client.conn.Invoke(ctx, path, in, out, opts...)
	}, in)
	if e != nil {
		return nil, e
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(answer)
	if err != nil {
		return nil, &sdk.Error{Code: sdk.CodeInternal, Message: "the plugin's answer cannot be written as JSON: " + plainly(err)}
	}
	var plain bytes.Buffer
	_ = json.Compact(&plain, text) // protojson varies its white space on purpose; its JSON is always valid
	return plain.Bytes(), nil
}

// plainly takes the noise out of protojson's errors, whose first space is sometimes another character.
func plainly(err error) string {
	return strings.ReplaceAll(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\u00a0", " "), "proto: "), "\n", " ")
}

func newMessage(d protoreflect.MessageDescriptor) proto.Message {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic(err) // generated code registers all of them
	}
	return t.New().Interface()
}

// methods describes the verbs of the contract that this client speaks.
func methods() protoreflect.MethodDescriptors {
	return pb.File_payhost_provider_v1_provider_proto.Services().ByName("ProviderService").Methods()
}

func methodOf(verb string) protoreflect.MethodDescriptor {
	all := methods()
	for i := range all.Len() {
		if snakeCase(string(all.Get(i).Name())) == verb {
			return all.Get(i)
		}
	}
	return nil
}

// verbNames lists what Call takes.
func verbNames() (names []string) {
	all := methods()
	for i := range all.Len() {
		names = append(names, snakeCase(string(all.Get(i).Name())))
	}
	slices.Sort(names)
	return names
}

// snakeCase gives "CreatePayment" as "create_payment".
func snakeCase(name string) string {
	var out strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				out.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		out.WriteRune(r)
	}
	return out.String()
}
