package sdk

import wire "github.com/payhost/payhost/sdk/internal/providerv1"

// nextActionToWire gives nil when there is nothing for the customer to do.
func nextActionToWire(a *NextAction) *wire.NextAction {
	if a == nil {
		return nil
	}
	out := &wire.NextAction{}
	if a.Redirect != nil {
		out.Redirect = &wire.Redirect{Url: a.Redirect.URL, Method: a.Redirect.Method, Fields: a.Redirect.Fields}
	}
	if a.Display != nil {
		out.Display = &wire.Display{
			Instructions: a.Display.Instructions,
			Fields: listToWire(a.Display.Fields, func(f *DisplayField) *wire.DisplayField {
				return &wire.DisplayField{Name: f.Name, Label: f.Label, Value: f.Value}
			}),
		}
	}
	if a.Confirm != nil {
		out.Confirm = &wire.Confirm{Fields: listToWire(a.Confirm.Fields, fieldToWire)}
	}
	return out
}

// nextActionFromWire refuses an action that asks for nothing, or for two things at once that a page cannot both do.
func nextActionFromWire(r *reader, w *wire.NextAction) *NextAction {
	if w == nil {
		return nil
	}
	out := &NextAction{}
	if d := w.GetRedirect(); d != nil {
		out.Redirect = redirectFromWire(r, d)
	}
	if d := w.GetDisplay(); d != nil {
		out.Display = &Display{
			Instructions: d.GetInstructions(),
			Fields: listFromWire(r, "display.fields", d.GetFields(), func(_ *reader, f *wire.DisplayField) DisplayField {
				return DisplayField{Name: f.GetName(), Label: f.GetLabel(), Value: f.GetValue()}
			}),
		}
	}
	if c := w.GetConfirm(); c != nil {
		out.Confirm = &Confirm{Fields: listFromWire(r, "confirm.fields", c.GetFields(), fieldFromWire)}
	}
	switch {
	case *out == (NextAction{}):
		r.fail("redirect", "a next action is a redirect, a display or a confirm")
	case out.Redirect != nil && (out.Display != nil || out.Confirm != nil):
		r.fail("redirect", "a redirect comes alone")
	}
	return out
}

// redirectFromWire leaves the URL's scheme to the host, which passes on none that a browser runs: banks' apps have schemes
// of their own.
func redirectFromWire(r *reader, w *wire.Redirect) *Redirect {
	r = r.in("redirect")
	switch w.GetMethod() {
	case "", "GET", "POST":
	default:
		r.fail("method", "GET or POST")
	}
	return &Redirect{
		URL:    present(r, "url", r.bounded("url", w.GetUrl(), maxURL)),
		Method: w.GetMethod(),
		Fields: w.GetFields(),
	}
}
