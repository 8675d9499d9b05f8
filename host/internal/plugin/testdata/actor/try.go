package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// hoard keeps what the plugin has taken and does not give back.
var hoard [][]byte

// try does what a plugin should not, or has to be able to, and says what came of it: "error: …" when it could not.
func try(order, arg string, n int) (said string, ok bool) {
	var err error
	switch order {
	case "read":
		var text []byte
		text, err = os.ReadFile(arg)
		said = string(text)
	case "list":
		var entries []os.DirEntry
		entries, err = os.ReadDir(arg)
		said = fmt.Sprint(entries)
	case "write":
		err = os.WriteFile(arg, []byte("#!/bin/sh\nexit 0\n"), 0o700)
	case "run":
		err = exec.Command(arg).Run()
	case "resolve":
		var list []string
		list, err = (&net.Resolver{PreferGo: true}).LookupHost(context.Background(), arg)
		said = fmt.Sprint(list)
	case "fetch":
		var res *http.Response
		if res, err = http.Get(arg); err == nil {
			said = res.Status
			res.Body.Close()
		}
	case "datagram":
		_, err = net.Dial("udp", arg)
	case "fastopen":
		said, err = fastOpen(arg)
	case "dial":
		said, err = dial(arg)
	case "signal":
		err = syscall.Kill(n, 0)
	case "leak":
		for {
			hoard = append(hoard, make([]byte, 1<<20))
			for i := range hoard[len(hoard)-1] {
				hoard[len(hoard)-1][i] = 1
			}
		}
	case "open":
		said, err = openMany(n)
	case "daemon":
		said, err = startChild(&syscall.SysProcAttr{Setsid: true})
	case "forks":
		for range n {
			var one string
			if one, err = fork(); err != nil {
				break
			}
			said += one + " "
		}
	case "lower":
		err = unix.Setrlimit(unix.RLIMIT_LOCKS, &unix.Rlimit{Cur: 1, Max: 1})
	case "limits":
		said, err = limits()
	default:
		return "", false
	}
	if err != nil {
		said = "error: " + err.Error()
	}
	return said, true
}

// dial connects to a socket and gives what is said there.
func dial(path string) (string, error) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return "", err
	}
	defer c.Close()
	text, err := io.ReadAll(c)
	return string(text), err
}

// fastOpen sends to an address of IPv4 without a connect.
func fastOpen(address string) (string, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return "", err
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(socket)
	err = unix.Sendto(socket, []byte("x"), unix.MSG_FASTOPEN, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	return "", err
}

// openMany opens files until it has n or gets no more, and gives them back.
func openMany(n int) (string, error) {
	var files []*os.File
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for range n {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return strconv.Itoa(len(files)), nil
		}
		files = append(files, f)
	}
	return strconv.Itoa(len(files)), nil
}

// limits says what the process is held to.
func limits() (string, error) {
	var data, files, core unix.Rlimit
	for resource, to := range map[int]*unix.Rlimit{unix.RLIMIT_DATA: &data, unix.RLIMIT_NOFILE: &files, unix.RLIMIT_CORE: &core} {
		if err := unix.Getrlimit(resource, to); err != nil {
			return "", err
		}
	}
	privileges, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	caps := [2]unix.CapUserData{}
	if err == nil {
		err = unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &caps[0])
	}
	raise := unix.Setrlimit(unix.RLIMIT_LOCKS, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY})
	return fmt.Sprintf("data=%d files=%d core=%d nnp=%d caps=%x%08x raise=%v procs=%d",
		data.Max, files.Max, core.Max, privileges, caps[1].Permitted, caps[0].Permitted, raise, runtime.GOMAXPROCS(0)), err
}
