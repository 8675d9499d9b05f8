package sdk

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func TestInvoke(t *testing.T) {
	type input struct {
		Name string `config:"name,required"`
	}
	type output struct {
		Greeting string `json:"greeting"`
	}
	greet := func(_ context.Context, in input) (output, error) {
		if in.Name == "nobody" {
			return output{Greeting: "lost"}, Refused(CodeNotFound, "", "")
		}
		return output{Greeting: "Hello " + in.Name}, nil
	}

	o := OperationOf[input, output]("greet", "Greets.")
	if o.Name != "greet" || o.Description != "Greets." ||
		!strings.Contains(string(o.InputSchema), `"name"`) ||
		!strings.Contains(string(o.OutputSchema), `"greeting"`) {
		t.Errorf("got %+v", o)
	}

	invoke := func(text string) (json.RawMessage, error) {
		return Invoke(
			t.Context(),
			InvokeOperationRequest{Input: json.RawMessage(text)},
			greet,
		)
	}
	if got, err := invoke(`{"name":"you"}`); err != nil ||
		string(got) != `{"greeting":"Hello you"}` {
		t.Errorf("got %s, %v", got, err)
	}

	if got, err := invoke(`{"name":"nobody"}`); got != nil || CodeOf(err) != CodeNotFound {
		t.Errorf("got %s, %v", got, err)
	}
	_, err := invoke(`{"names":"you"}`)
	wantProblems(
		t,
		err,
		"name: is missing",
		`names: is not a known key: did you mean "name"?`,
	)
}
