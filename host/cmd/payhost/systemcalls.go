package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// tryArgument makes the program try the system calls that a filter may kill a
// process for, and do nothing else. It is not a command: only allowed uses it.
const tryArgument = "try-system-calls"

// errForbidden explains why a host would be killed at its start. A filter of
// system calls that kills leaves the process no time for a message.
var errForbidden = errors.New(
	"this service may not make the system calls that confine plugins, " +
		"and would be killed for them (SIGSYS): its SystemCallFilter= must also have " +
		"\"ptrace landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp pidfd_getfd " +
		"process_vm_readv\", and " +
		"SystemCallErrorNumber=EPERM has what is not allowed fail instead of kill; " +
		"deploy/payhost.service is a unit that works",
)

// allowed reports whether starting a plugin would get this process killed. A
// second process tries the system calls. The error is errForbidden; nil also
// means that it could not be found out.
func allowed(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return nil //nolint:nilerr // then it cannot be found out
	}
	err = exec.CommandContext(ctx, self, tryArgument).Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return nil
	}

	status, ok := exit.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() && status.Signal() == syscall.SIGSYS {
		return errForbidden
	}

	return nil
}
