package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// tryArgument has the program make the system calls that a filter may kill for,
// and do nothing else. It is no command: allowed alone uses it.
const tryArgument = "try-system-calls"

// errForbidden is said in place of an end without a word: a filter of system
// calls that kills leaves no time for one.
var errForbidden = errors.New(
	"this service may not make the system calls that confine plugins, " +
		"and would be killed for them (SIGSYS): its SystemCallFilter= must also have " +
		"\"ptrace landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp pidfd_getfd " +
		"process_vm_readv\", and " +
		"SystemCallErrorNumber=EPERM has what is not allowed fail instead of kill; " +
		"deploy/payhost.service is a unit that works",
)

// allowed finds out whether the system kills for what starting a plugin takes,
// by having another process try.
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
