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
	var declared struct {
		Properties map[string]struct {
			WriteOnly bool `json:"writeOnly"`
		} `json:"properties"`
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(schema, &declared) != nil || json.Unmarshal(config, &values) != nil {
		return nil
	}

	var secrets []sdk.Secret
	for key, property := range declared.Properties {
		if !property.WriteOnly {
			continue
		}
		for _, text := range textsIn(values[key]) {
			secrets = append(secrets, sdk.NewSecret(text))
		}
	}

	return secrets
}

// textsIn returns a text, or the texts of a list; nil for any other value.
func textsIn(value json.RawMessage) []string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return []string{text}
	}
	var list []string
	if json.Unmarshal(value, &list) == nil {
		return list
	}
	return nil
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

	for _, violation := range from.Violations {
		to.Violations = append(to.Violations, sdk.Violation{
			Field:   violation.Field,
			Message: s.mask.Text(violation.Message),
		})
	}

	return &to
}
