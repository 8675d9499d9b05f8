package conformance

import "fmt"

// Leaver is a Reporter that can be told that a part is not proven: see Partial.
type Leaver interface {
	// LeaveOut ends the part like FailNow, without a failure.
	LeaveOut(why string)
}

// Partial has what a simulator cannot do cost only the cases that need it, in place of the whole run: for trying a plugin
// on a simulator that does not speak the control protocol. The Reporter must be a Leaver.
func Partial() Option {
	return func(s *settings) { s.partial = true }
}

// unproven ends a part that needs something which the simulator cannot do.
func (x *trial) unproven(what string) {
	why := fmt.Sprintf("the simulator has no %s, which the rest of this case needs", what)
	if l, ok := x.report.(Leaver); ok {
		l.LeaveOut(why)
	}
	x.fatal("%s", why)
}
