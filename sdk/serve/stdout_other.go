//go:build !unix

package serve

import "os"

// takeStdout cannot move the descriptor here: what already refers to standard
// output keeps writing to the host.
func takeStdout(*os.File) (*os.File, error) { return os.Stdout, nil }

func pointStdout(*os.File) error { return nil }

// readerGone cannot be asked here.
func readerGone(*os.File) bool { return false }
