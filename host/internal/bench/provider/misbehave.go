package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const hugeAnswer = 100 << 20

// leaked is the memory that a leaking plugin keeps.
var leaked struct {
	sync.Mutex
	blocks [][]byte
}

// idler is the argument that makes this program a child that does nothing.
const idler = "idle"

func idle() {
	for {
		time.Sleep(time.Hour)
	}
}

// misbehave carries an order out in the plugin. ok is false when it is not an
// order.
func misbehave(order string) (message string, ok bool) {
	switch order {
	case "flood":
		for k := range 5000 {
			fmt.Fprintf(os.Stderr, "flood %d\n", k)
		}
	case "leak":
		block := []byte(strings.Repeat("x", 64<<20))
		leaked.Lock()
		leaked.blocks = append(leaked.blocks, block)
		leaked.Unlock()

	case "fork":
		child := exec.Command(os.Args[0], idler) //nolint:gosec // this program
		child.Env = []string{}
		_ = child.Start() // it is not waited for, on purpose
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "garbage":
		fmt.Println(strings.Repeat("\xff\x00garbage", 50000))

	case "panic":
		panic("a bug")
	case "huge":
		return strings.Repeat("x", hugeAnswer), true
	default:
		return "", false
	}

	return "done", true
}
