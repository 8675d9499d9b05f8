package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forbidden names the variable with the program that this one becomes, after it
// has been forbidden what a strict service is.
const forbidden = "PAYHOST_TEST_FORBIDDEN"

func init() {
	program := os.Getenv(forbidden)
	if program == "" {
		return
	}
	runtime.LockOSThread()
	if err := forbid(unix.SYS_PTRACE, unix.SYS_LANDLOCK_CREATE_RULESET); err != nil {
		fmt.Fprintln(os.Stderr, "cannot forbid:", err)
		os.Exit(3)
	}

	fmt.Fprintln(
		os.Stderr,
		syscall.Exec(program, append([]string{program}, os.Args[1:]...), os.Environ()),
	)
	os.Exit(3)
}

// forbid has this thread, and what it becomes, killed for either of two calls.
func forbid(first, second uint32) error {
	const allow, kill = 0x7fff0000, 0x80000000
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: first, Jt: 2},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: second, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: allow},
		{Code: unix.BPF_RET | unix.BPF_K, K: kill},
	}

	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}

	return unix.Prctl(
		unix.PR_SET_SECCOMP,
		unix.SECCOMP_MODE_FILTER,
		uintptr(unsafe.Pointer(&program)),
		0,
		0,
	)
}

// A filter that kills is told of, in place of an end without a word.
func TestAFilterOfSystemCallsIsTold(t *testing.T) {
	t.Parallel()
	folder, _ := hostConfig(t, "", "http://127.0.0.1:1")
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	for _, command := range []string{"serve", "check"} {
		c := exec.Command(self, command)
		c.Dir, c.Env = folder, append(os.Environ(), forbidden+"="+path)
		out, err := c.CombinedOutput()
		if c.ProcessState.ExitCode() != exitFailed {
			t.Errorf("%s: %v\n%s", command, err, out)
		}

		for _, want := range []string{"SIGSYS", "SystemCallFilter=", "ptrace landlock_create_ruleset", "deploy/payhost.service"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s does not say %q: %s", command, want, out)
			}
		}
	}
}

// The unit that is shipped allows what the host needs, in the form that the
// line above names.
func TestTheUnitAllowsWhatTheHostNeeds(t *testing.T) {
	text, err := os.ReadFile(repository + "/deploy/payhost.service")
	if err != nil {
		t.Fatal(err)
	}

	for _, want := range []string{"SystemCallFilter=@system-service ptrace landlock_create_ruleset landlock_add_rule landlock_restrict_self\n",
		"SystemCallFilter=seccomp pidfd_getfd process_vm_readv\n", "Delegate=memory pids\n", "DelegateSubgroup=host\n", "SystemCallErrorNumber=EPERM\n", "KillMode=mixed\n",
		"ExecStart=/usr/bin/payhost serve --config /etc/payhost/config.toml\n", "NoNewPrivileges=yes\n"} {
		if !strings.Contains(string(text), "\n"+want) {
			t.Errorf("the unit lacks %q", want)
		}
	}

	if strings.Contains(string(text), "\nMemoryDenyWriteExecute=yes") {
		t.Error("plugins with a just-in-time compiler could not start")
	}
}
