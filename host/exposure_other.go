//go:build !unix

package host

import "io/fs"

func othersWhoWrite(fs.FileInfo) string { return "" }

func writableByOwnGroup(fs.FileInfo) bool { return false }

func othersRead(fs.FileInfo) bool { return false }
