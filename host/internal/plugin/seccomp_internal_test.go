//go:build linux && (amd64 || arm64)

package plugin

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// judge runs the filter on one call as the kernel would.
func judge(t *testing.T, table uint32, number uintptr, args ...uint64) verdict {
	t.Helper()
	machine, err := bpf.NewVM(assemble(pluginRules(askToConnect)))
	if err != nil {
		t.Fatal(err)
	}

	// struct seccomp_data; this machine reads words with the highest byte
	// first.
	var data []byte
	data = binary.BigEndian.AppendUint32(data, uint32(number))
	data = binary.BigEndian.AppendUint32(data, table)
	data = binary.BigEndian.AppendUint64(data, 0)

	for i := range 6 {
		value := uint64(0)
		if i < len(args) {
			value = args[i]
		}
		data = binary.BigEndian.AppendUint32(data, uint32(value))
		data = binary.BigEndian.AppendUint32(data, uint32(value>>32))
	}

	got, err := machine.Run(data)
	if err != nil {
		t.Fatal(err)
	}

	return verdict(uint32(got))
}

const junk = 1 << 32 // what the kernel does not look at in an int

func TestFilterTellsCallsApartByTheirArguments(t *testing.T) {
	refused := failWith(unix.EPERM)
	odd := failWith(unix.EAFNOSUPPORT)

	strange := failWith(unix.EPROTONOSUPPORT)
	for _, c := range []struct {
		number uintptr
		args   []uint64
		want   verdict
	}{
		{unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_NOFILE, 1, 1}, allow},
		{unix.SYS_PRLIMIT64, []uint64{4711, unix.RLIMIT_NOFILE, 0, 1}, allow}, // only asks
		{unix.SYS_PRLIMIT64, []uint64{4711, unix.RLIMIT_NOFILE, 1, 1}, refused},
		{unix.SYS_PRLIMIT64, []uint64{junk | 4711, unix.RLIMIT_NOFILE, 1, 1}, refused},
		{unix.SYS_PRLIMIT64, []uint64{4711, unix.RLIMIT_NOFILE, 0xc000000000, 1}, refused},
		{unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_LOCKS, 1, 1}, refused},
		{unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_LOCKS, 0xc000000000, 1}, refused},
		{unix.SYS_PRLIMIT64, []uint64{0, junk | unix.RLIMIT_LOCKS, 1, 1}, refused},
		{unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_LOCKS, 0, 1}, allow},
		{unix.SYS_SETRLIMIT, []uint64{unix.RLIMIT_LOCKS, 1}, refused},
		{unix.SYS_SETRLIMIT, []uint64{junk | unix.RLIMIT_LOCKS, 1}, refused},
		{unix.SYS_SETRLIMIT, []uint64{unix.RLIMIT_CORE, 1}, allow},

		{unix.SYS_SCHED_SETAFFINITY, []uint64{0, 8, 1}, allow},
		{unix.SYS_SCHED_SETAFFINITY, []uint64{1, 8, 1}, refused},
		{unix.SYS_SCHED_SETSCHEDULER, []uint64{1}, refused},
		{unix.SYS_SCHED_SETPARAM, []uint64{1}, refused},
		{unix.SYS_SCHED_SETATTR, []uint64{1}, refused},
		{unix.SYS_SETPRIORITY, []uint64{unix.PRIO_PROCESS, 0, 5}, allow},
		{unix.SYS_SETPRIORITY, []uint64{unix.PRIO_PROCESS, 1, 5}, refused},
		{unix.SYS_SETPRIORITY, []uint64{unix.PRIO_USER, 0, 5}, refused},
		{unix.SYS_IOPRIO_SET, []uint64{ioprioProcess, 0, 5}, allow},
		{unix.SYS_IOPRIO_SET, []uint64{ioprioProcess, 1, 5}, refused},
		{unix.SYS_IOPRIO_SET, []uint64{3, 0, 5}, refused},

		{unix.SYS_PTRACE, []uint64{unix.PTRACE_TRACEME}, allow},
		{unix.SYS_PTRACE, []uint64{unix.PTRACE_DETACH, 1}, allow},
		{unix.SYS_PTRACE, []uint64{unix.PTRACE_ATTACH, 1}, refused},
		{unix.SYS_PTRACE, []uint64{unix.PTRACE_SEIZE, 1}, refused},
		{unix.SYS_PTRACE, []uint64{junk | unix.PTRACE_TRACEME, 1}, refused},

		{unix.SYS_CLONE, []uint64{unix.CLONE_VM | unix.CLONE_THREAD}, allow},
		{unix.SYS_CLONE, []uint64{unix.CLONE_NEWUSER}, refused},
		{unix.SYS_CLONE, []uint64{junk | unix.CLONE_NEWNS}, refused},
		{unix.SYS_CLONE3, nil, failWith(unix.ENOSYS)},
		{unix.SYS_UNSHARE, nil, refused},

		{unix.SYS_MMAP, []uint64{0, 4096, 3, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS}, allow},
		{unix.SYS_MMAP, []uint64{0, 4096, 1, unix.MAP_SHARED, 3}, allow},
		{unix.SYS_MMAP, []uint64{0, 4096, 3, unix.MAP_SHARED | unix.MAP_ANONYMOUS}, refused},
		{unix.SYS_MMAP, []uint64{0, 4096, 3, unix.MAP_SHARED_VALIDATE | unix.MAP_ANONYMOUS}, refused},

		{unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_STREAM | unix.SOCK_CLOEXEC}, allow},
		{unix.SYS_SOCKET, []uint64{unix.AF_INET6, unix.SOCK_DGRAM, unix.IPPROTO_UDP}, allow},
		{unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW}, allow},
		{unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_STREAM | unix.SOCK_NONBLOCK}, allow},
		{unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, odd},
		{unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_SEQPACKET}, odd},
		{unix.SYS_SOCKET, []uint64{junk | unix.AF_UNIX, unix.SOCK_DGRAM}, odd},
		{unix.SYS_SOCKET, []uint64{unix.AF_PACKET, unix.SOCK_RAW}, odd},
		{unix.SYS_SOCKET, []uint64{unix.AF_VSOCK, unix.SOCK_STREAM}, odd},
		{unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP}, strange},
		{unix.SYS_SOCKET, []uint64{unix.AF_INET6, unix.SOCK_STREAM, junk | unix.IPPROTO_MPTCP}, strange},
		{unix.SYS_SOCKETPAIR, []uint64{unix.AF_UNIX, unix.SOCK_STREAM}, allow},
		{unix.SYS_SOCKETPAIR, []uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, odd},

		{unix.SYS_CONNECT, []uint64{3, junk, 16}, askHost},
		{unix.SYS_LISTEN, []uint64{3, 16}, askHost},
		{unix.SYS_WRITE, []uint64{1, 1, 1}, allow},
	} {
		if got := judge(t, ownTable, c.number, c.args...); got != c.want {
			t.Errorf("call %d%x: %#x, want %#x", c.number, c.args, got, c.want)
		}
	}
}

// What has no rule is allowed whatever its arguments are: no rule for a number
// meets what is in the arguments of another call.
func TestFilterRefusesNothingElse(t *testing.T) {
	named := map[uintptr]bool{}
	for _, call := range pluginRules(askToConnect) {
		if named[call.number] {
			t.Errorf(
				"call %d has two sets of rules, of which the second is never reached",
				call.number,
			)
		}

		named[call.number] = true
	}

	for number := range uintptr(500) {
		if named[number] {
			continue
		}

		for _, value := range []uint64{0, 1, unix.RLIMIT_LOCKS, uint64(number), 1<<64 - 1} {
			if got := judge(t, ownTable, number, value, value, value, value, value, value); got != allow {
				t.Errorf("call %d%x: %#x", number, value, got)
			}
		}
	}
}

func TestFilterFitsIntoItsNumbers(t *testing.T) {
	const mostInstructions = 4096
	for _, call := range pluginRules(askToConnect) {
		if n := len(assembleCall(call)); n > 255 {
			t.Errorf(
				"the block of call %d has %d instructions, and a jump skips 255",
				call.number,
				n,
			)
		}
	}

	if n := len(assemble(pluginRules(askToConnect))); n > mostInstructions {
		t.Errorf("%d instructions", n)
	}
}

func TestFilterRefusesWholeCalls(t *testing.T) {
	for errno, numbers := range map[unix.Errno][]uintptr{unix.EPERM: refusedCalls, unix.ENOSYS: unknownCalls} {
		for _, number := range numbers {
			if got := judge(t, ownTable, number, 1, 2, 3); got != failWith(errno) {
				t.Errorf("call %d: %#x", number, got)
			}
		}
	}
}

// A program of 32 bits has other numbers for its calls, and so has one that was
// made for x32.
func TestFilterRefusesOtherTables(t *testing.T) {
	for _, other := range []uint32{
		unix.AUDIT_ARCH_I386, unix.AUDIT_ARCH_ARM, unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_AARCH64,
	} {
		if got := judge(t, other, unix.SYS_GETPID); (got != allow) != (other != ownTable) {
			t.Errorf("getpid of table %#x: %#x", other, got)
		}
	}

	if got := judge(t, ownTable, otherNumbers|unix.SYS_GETPID); got != failWith(
		unix.ENOSYS,
	) {
		t.Errorf("getpid of x32: %#x", got)
	}
}
