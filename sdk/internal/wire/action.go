package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeNextAction gives nil when there is nothing for the customer to do.
func encodeNextAction(a *sdk.NextAction) *pb.NextAction {
	if a == nil {
		return nil
	}
	out := &pb.NextAction{}
	if a.Redirect != nil {
		out.Redirect = &pb.Redirect{Url: a.Redirect.URL, Method: a.Redirect.Method, Fields: a.Redirect.Fields}
	}
	if a.Display != nil {
		out.Display = &pb.Display{
			Instructions: a.Display.Instructions,
			Fields: encodeList(a.Display.Fields, func(f *sdk.DisplayField) *pb.DisplayField {
				return &pb.DisplayField{Name: f.Name, Label: f.Label, Value: f.Value}
			}),
		}
	}
	if a.Confirm != nil {
		out.Confirm = &pb.Confirm{Fields: encodeList(a.Confirm.Fields, encodeField)}
	}
	return out
}

// decodeNextAction refuses an action that asks for nothing, or for two things at once that a page cannot both do.
func decodeNextAction(r *reader, w *pb.NextAction) *sdk.NextAction {
	if w == nil {
		return nil
	}
	out := &sdk.NextAction{}
	if d := w.GetRedirect(); d != nil {
		out.Redirect = decodeRedirect(r, d)
	}
	if d := w.GetDisplay(); d != nil {
		out.Display = &sdk.Display{
			Instructions: d.GetInstructions(),
			Fields: decodeList(r, "display.fields", d.GetFields(), func(_ *reader, f *pb.DisplayField) sdk.DisplayField {
				return sdk.DisplayField{Name: f.GetName(), Label: f.GetLabel(), Value: f.GetValue()}
			}),
		}
	}
	if c := w.GetConfirm(); c != nil {
		out.Confirm = &sdk.Confirm{Fields: decodeList(r, "confirm.fields", c.GetFields(), decodeField)}
	}
	switch {
	case *out == (sdk.NextAction{}):
		r.fail("redirect", "a next action is a redirect, a display or a confirm")
	case out.Redirect != nil && (out.Display != nil || out.Confirm != nil):
		r.fail("redirect", "a redirect comes alone")
	}
	return out
}

// decodeRedirect leaves the URL's scheme to the host, which passes on none that a browser runs: banks' apps have schemes
// of their own.
func decodeRedirect(r *reader, w *pb.Redirect) *sdk.Redirect {
	r = r.in("redirect")
	switch w.GetMethod() {
	case "", "GET", "POST":
	default:
		r.fail("method", "GET or POST")
	}
	return &sdk.Redirect{
		URL:    present(r, "url", r.bounded("url", w.GetUrl(), maxURL)),
		Method: w.GetMethod(),
		Fields: w.GetFields(),
	}
}
