//go:build unix

package host

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

const (
	groupWrites  fs.FileMode = 0o020
	othersWrites fs.FileMode = 0o002
	othersReads  fs.FileMode = 0o004
)

// othersWhoWrite returns who can write a file or folder besides this user and
// root, in words, or "" when no other user can. In a folder with the sticky bit,
// as /tmp is, every user can make files, but can replace only their own.
func othersWhoWrite(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	sticky := info.IsDir() && info.Mode()&fs.ModeSticky != 0

	// The owner counts whatever the mode is: an owner can change it.
	mode := info.Mode().Perm()
	switch {
	case (int(stat.Uid) != os.Geteuid()) && (stat.Uid != 0):
		return fmt.Sprintf("user %d, whose it is", stat.Uid)
	case ((mode & othersWrites) != 0) && !sticky:
		return "every user of this machine"
	case ((mode & groupWrites) != 0) && !sticky && !ownGroup(stat.Gid):
		return fmt.Sprintf("group %d", stat.Gid)
	default:
		return ""
	}
}

// writableByOwnGroup reports whether the group can write, so that more than the
// user may be meant.
func writableByOwnGroup(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().Perm()&groupWrites != 0 && stat.Gid != 0
}

// ownGroup reports whether a group is root's or one that this process is in: on
// most systems a user's group has no other member, and container engines give
// volumes to a group of the container's.
func ownGroup(gid uint32) bool {
	groups, err := os.Getgroups()
	return gid == 0 || int(gid) == os.Getegid() ||
		(err == nil && slices.Contains(groups, int(gid)))
}

// othersRead reports whether every user of the machine can read.
func othersRead(info fs.FileInfo) bool { return info.Mode().Perm()&othersReads != 0 }
