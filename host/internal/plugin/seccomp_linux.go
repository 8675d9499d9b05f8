package plugin

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// A plugin may make every system call that has to do with itself, its files and
// the network. Calls on other processes, on the kernel or on the machine fail,
// as they would for a user without rights to it; a program that can do without
// them goes on. The rules name what is refused: a list of what is allowed would
// have to know the runtime of every language. filter_linux.go and its
// companions for each processor have the rules.

// verdict is what the filter does with a call.
type verdict uint32

const (
	allow verdict = unix.SECCOMP_RET_ALLOW
	// askHost puts the call before the host, see connector.
	askHost verdict = unix.SECCOMP_RET_USER_NOTIF
)

// failWith has the call fail, and nothing done.
func failWith(errno unix.Errno) verdict { return unix.SECCOMP_RET_ERRNO | verdict(errno) }

// callRules are the rules for one system call. The first rule that fits counts;
// a call that none fits is allowed.
type callRules struct {
	number uintptr
	rules  []callRule
}

// callRule fits a call for which all of its conditions hold.
type callRule struct {
	verdict    verdict
	conditions []condition
}

// condition looks at one half of an argument. Arguments have 64 bits for a
// filter; of an int the kernel takes the lower half and does not look at the
// other.
type condition struct {
	argument int
	upper    bool
	test     bpf.JumpTest
	value    uint32
}

func is(argument int, value uint32) condition {
	return condition{argument: argument, test: bpf.JumpEqual, value: value}
}

func isNot(argument int, value uint32) condition {
	return condition{argument: argument, test: bpf.JumpNotEqual, value: value}
}

func anyBit(argument int, mask uint32) condition {
	return condition{argument: argument, test: bpf.JumpBitsSet, value: mask}
}

// upperNot looks at the upper half.
func upperNot(argument int, value uint32) condition {
	return condition{argument: argument, upper: true, test: bpf.JumpNotEqual, value: value}
}

// whole returns the rule that fits every call of a number.
func whole(number uintptr, result verdict) callRules {
	return callRules{number, []callRule{{verdict: result}}}
}

// Offsets in struct seccomp_data.
const (
	numberAt    = 0
	tableAt     = 4
	argumentsAt = 16
	wordSize    = 4
	argSize     = 8
)

// assemble makes the program that the kernel runs for every system call. A call
// by another table than the processor's own, as a program of 32 bits makes it,
// fails.
func assemble(calls []callRules) []bpf.Instruction {
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: tableAt, Size: wordSize},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: ownTable, SkipTrue: 1},
		bpf.RetConstant{Val: uint32(failWith(unix.ENOSYS))},

		bpf.LoadAbsolute{Off: numberAt, Size: wordSize},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: otherNumbers, SkipTrue: 1},
		bpf.RetConstant{Val: uint32(failWith(unix.ENOSYS))},
	}

	for _, call := range calls {
		// The accumulator holds the number here: a block that has loaded
		// something else is left by a verdict only.
		block := assembleCall(call)
		program = append(program, bpf.JumpIf{
			Cond:     bpf.JumpNotEqual,
			Val:      uint32(call.number),
			SkipTrue: uint8(len(block)),
		})

		program = append(program, block...)
	}

	return append(program, bpf.RetConstant{Val: uint32(allow)})
}

// assembleCall makes the block of one call, which always ends in a verdict.
func assembleCall(call callRules) []bpf.Instruction {
	var block []bpf.Instruction
	for _, rule := range call.rules {
		for n, condition := range rule.conditions {
			left := len(rule.conditions) - 1 - n
			block = append(block,
				bpf.LoadAbsolute{Off: condition.offset(), Size: wordSize},
				bpf.JumpIf{
					Cond:      condition.test,
					Val:       condition.value,
					SkipFalse: uint8(2*left + 1), // to the end of this rule
				})
		}

		block = append(block, bpf.RetConstant{Val: uint32(rule.verdict)})
	}

	if last := call.rules[len(call.rules)-1]; len(last.conditions) > 0 {
		block = append(block, bpf.RetConstant{Val: uint32(allow)})
	}

	return block
}

// offset returns where the filter finds the half. Both processors have the
// lower one first.
func (c condition) offset() uint32 {
	at := uint32(argumentsAt + argSize*c.argument)
	if c.upper {
		at += wordSize
	}
	return at
}

// askedCalls are the calls that the filter puts before the host.
type askedCalls int

const (
	askNothing askedCalls = iota
	// askToListen is for listens.
	askToListen
	// askToConnect is for listens and connects.
	askToConnect
	// askToReachOne is for a program that may only connect to one address. It
	// can send nothing without a connect.
	askToReachOne
)

// filters are the programs for each kind of asking, made once.
var filters = map[askedCalls]func() ([]unix.SockFilter, error){
	askNothing:    filterOnce(askNothing),
	askToListen:   filterOnce(askToListen),
	askToConnect:  filterOnce(askToConnect),
	askToReachOne: filterOnce(askToReachOne),
}

func filterOnce(asked askedCalls) func() ([]unix.SockFilter, error) {
	return sync.OnceValues(func() ([]unix.SockFilter, error) { return makeFilter(asked) })
}

// errNoTable is for processors whose numbers of calls are not in the rules.
var errNoTable = errors.New("there are no rules for this processor")

func makeFilter(asked askedCalls) ([]unix.SockFilter, error) {
	if ownTable == 0 {
		return nil, errNoTable
	}
	raw, err := bpf.Assemble(assemble(pluginRules(asked)))
	if err != nil {
		return nil, err
	}

	filter := make([]unix.SockFilter, len(raw))
	for n, in := range raw {
		filter[n] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}

	return filter, nil
}

// noListener is returned by filterThread for a filter that asks nothing.
const noListener = -1

// filterThread puts the calling thread, and all that it starts from now on,
// under the filter; other threads stay as they are. If the filter asks, it
// returns the file that the questions come from.
func filterThread(asked askedCalls) (listener int, err error) {
	filter, err := filters[asked]()
	if err != nil {
		return noListener, err
	}
	if asked == askNothing {
		_, err = setFilter(filter, 0)
		return noListener, err
	}

	// Go's runtime interrupts its threads with signals: a question that has
	// been received is not to be interrupted, so that nothing is connected
	// twice. Kernels before 5.19 do not know that flag.
	listener, err = setFilter(filter,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
	if errors.Is(err, unix.EINVAL) {
		listener, err = setFilter(filter, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER)
	}

	return listener, err
}

func setFilter(filter []unix.SockFilter, flags uintptr) (fd int, err error) {
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	got, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags,
		uintptr(unsafe.Pointer(&program))) //nolint:gosec // a system call's argument
	runtime.KeepAlive(&program)
	if errno != 0 {
		return noListener, fmt.Errorf("seccomp: %w", errno)
	}
	return int(got), nil
}
