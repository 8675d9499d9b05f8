package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeNextAction returns nil when the customer has nothing to do.
func encodeNextAction(action *sdk.NextAction) *pb.NextAction {
	if action == nil {
		return nil
	}

	out := &pb.NextAction{}
	if redirect := action.Redirect; redirect != nil {
		out.Redirect = &pb.Redirect{
			Url:    redirect.URL,
			Method: redirect.Method,
			Fields: redirect.Fields,
		}
	}
	if display := action.Display; display != nil {
		out.Display = &pb.Display{
			Instructions: display.Instructions,
			Fields:       encodeList(display.Fields, encodeDisplayField),
		}
	}
	if confirm := action.Confirm; confirm != nil {
		out.Confirm = &pb.Confirm{Fields: encodeList(confirm.Fields, encodeField)}
	}
	return out
}

// decodeNextAction refuses an action that asks for nothing, or for two things
// that a page cannot both do.
func decodeNextAction(read *reader, from *pb.NextAction) *sdk.NextAction {
	if from == nil {
		return nil
	}

	out := &sdk.NextAction{}
	if redirect := from.GetRedirect(); redirect != nil {
		out.Redirect = decodeRedirect(read.in("redirect"), redirect)
	}
	if display := from.GetDisplay(); display != nil {
		out.Display = &sdk.Display{
			Instructions: display.GetInstructions(),
			Fields:       decodeList(read, "display.fields", display.GetFields(), decodeDisplayField),
		}
	}
	if confirm := from.GetConfirm(); confirm != nil {
		out.Confirm = &sdk.Confirm{
			Fields: decodeList(read, "confirm.fields", confirm.GetFields(), decodeField),
		}
	}

	switch {
	case *out == (sdk.NextAction{}):
		read.fail("redirect", "a next action is a redirect, a display or a confirm")
	case (out.Redirect != nil) && ((out.Display != nil) || (out.Confirm != nil)):
		read.fail("redirect", "a redirect comes alone")
	}
	return out
}

// decodeRedirect takes every scheme, since banks' apps have schemes of their
// own. The host passes on none that a browser runs.
func decodeRedirect(read *reader, from *pb.Redirect) *sdk.Redirect {
	switch from.GetMethod() {
	case "", "GET", "POST":
	default:
		read.fail("method", "GET or POST")
	}
	return &sdk.Redirect{
		URL:    present(read, "url", read.bounded("url", from.GetUrl(), maxURL)),
		Method: from.GetMethod(),
		Fields: from.GetFields(),
	}
}

func encodeDisplayField(field *sdk.DisplayField) *pb.DisplayField {
	return &pb.DisplayField{
		Name:  field.Name,
		Label: field.Label,
		Value: field.Value,
	}
}

func decodeDisplayField(_ *reader, from *pb.DisplayField) sdk.DisplayField {
	return sdk.DisplayField{
		Name:  from.GetName(),
		Label: from.GetLabel(),
		Value: from.GetValue(),
	}
}
