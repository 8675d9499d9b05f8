package supervisor

import (
	"encoding/json"
	"errors"

	"github.com/payhost/payhost/sdk"
)

// secretsIn gives the values of a configuration whose keys the plugin's schema marks as secret ("writeOnly"). They need
// not come from the environment: an operator may have written one into the file.
func secretsIn(schema, config json.RawMessage) []sdk.Secret {
	var s struct {
		Properties map[string]struct {
			WriteOnly bool `json:"writeOnly"`
		} `json:"properties"`
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(schema, &s) != nil || json.Unmarshal(config, &values) != nil {
		return nil
	}
	var secrets []sdk.Secret
	for key, p := range s.Properties {
		if !p.WriteOnly {
			continue
		}
		var one string
		var many []string
		if json.Unmarshal(values[key], &one) == nil {
			many = append(many, one)
		} else if json.Unmarshal(values[key], &many) != nil {
			continue
		}
		for _, v := range many {
			secrets = append(secrets, sdk.NewSecret(v))
		}
	}
	return secrets
}

// clean masks what a plugin says of its configuration: it should have done so itself.
func (r *Supervisor) clean(err error) error {
	var e *sdk.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Message, c.ProviderMessage = r.mask.Text(e.Message), r.mask.Text(e.ProviderMessage)
	c.Violations = nil
	for _, v := range e.Violations {
		c.Violations = append(c.Violations, sdk.Violation{Field: v.Field, Message: r.mask.Text(v.Message)})
	}
	return &c
}
