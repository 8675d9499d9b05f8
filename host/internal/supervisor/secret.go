package supervisor

import (
	"errors"

	"github.com/payhost/payhost/sdk"
)

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
		c.Violations = append(c.Violations, sdk.Violation{Field: r.mask.Text(v.Field), Message: r.mask.Text(v.Message)})
	}
	return &c
}
