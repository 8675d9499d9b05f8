//go:build !linux

package main

import "time"

// monotonic returns 0: systemd, which asks for it, runs on Linux only.
func monotonic() time.Duration { return 0 }
