package supervisor

import (
	"encoding/json"
	"errors"

	"github.com/payhost/payhost/sdk"
)

// secretsIn returns the values of a configuration whose keys the plugin's
// schema marks as secret ("writeOnly"). They need not come from the
// environment: an operator may have written one into the file.
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

// masked returns the error of a plugin about its configuration with secrets
// masked in it. The plugin should have done so itself.
func (s *Supervisor) masked(err error) error {
	var from *sdk.Error
	if !errors.As(err, &from) {
		return err
	}

	to := *from
	to.Message = s.mask.Text(from.Message)
	to.ProviderMessage = s.mask.Text(from.ProviderMessage)
	to.Violations = nil

	for _, v := range from.Violations {
		to.Violations = append(to.Violations, sdk.Violation{
			Field:   v.Field,
			Message: s.mask.Text(v.Message),
		})
	}

	return &to
}
