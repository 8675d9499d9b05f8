package plugin

import "golang.org/x/sys/unix"

const (
	ownTable = unix.AUDIT_ARCH_X86_64
	// otherNumbers are those of the table for x32, which has the same name.
	otherNumbers = 0x40000000
)

// refusedHere are calls that other processors do not have.
var refusedHere = []uintptr{
	unix.SYS_IOPL, unix.SYS_IOPERM,
	unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN,
	unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT,
}
