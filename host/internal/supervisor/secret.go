package supervisor

import (
	"errors"

	"github.com/payhost/payhost/sdk"
)

// masked returns the error of a plugin about its configuration with secrets
// masked in it. The plugin should have done so itself.
func (s *Supervisor) masked(err error) error {
	var from *sdk.Error
	if !errors.As(err, &from) {
		return err
	}

	// The copy must share nothing with the plugin's error, whose violations
	// stay as they came.
	to := *from
	to.Message = s.mask.Text(from.Message)
	to.ProviderMessage = s.mask.Text(from.ProviderMessage)
	to.Violations = nil

	for _, violation := range from.Violations {
		to.Violations = append(to.Violations, sdk.Violation{
			Field:   s.mask.Text(violation.Field),
			Message: s.mask.Text(violation.Message),
		})
	}

	return &to
}
