package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// manyConnections is more than a listener may have open.
	manyConnections = 3200
	// crowdRSS is what the host may use of memory meanwhile.
	crowdRSS = 400 << 20
)

// Thousands of connections, from as many addresses, with headers as large as
// they may be: the host's memory stays bounded, and a merchant who comes then
// is served.
func TestThousandsOfConnectionsKeepNoMerchantOut(t *testing.T) {
	w := newWorld(t)
	w.write(strings.Replace(w.standard(), `level = "debug"`, `level = "error"`, 1))
	host := w.serve()

	large := "X-Large: " + strings.Repeat("x", 31<<10) + "\r\n"
	for name, head := range map[string]string{
		"heads that do not end": "POST /webhooks/ptop HTTP/1.1\r\nHost: x\r\n" + large,
		"bodies that do not come": "POST /webhooks/ptop HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n" +
			"X-Fits: " + strings.Repeat("x", 7<<10) + "\r\n\r\n",
		"large heads that wait": "GET /healthz HTTP/1.1\r\nHost: x\r\n" + large + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			resetPeak(host)
			crowd := connect(t, w, head)

			for n := range 3 {
				// As a merchant who comes now, on a connection of their own.
				client.CloseIdleConnections()
				if problem := w.tryToPay("ptop", fmt.Sprintf("%s %d", name, n)); problem != "" {
					t.Error(problem)
				}
			}

			if rss := peakOf(t, host); rss > crowdRSS {
				t.Errorf("the host uses %d MB", rss>>20)
			} else {
				t.Logf("%d connections were made, the host's peak is %d MB", len(crowd), rss>>20)
			}

			for _, conn := range crowd {
				_ = conn.Close()
			}
		})
	}
}

// connect opens manyConnections, each four from an address of their own, and
// sends a head on each.
func connect(t *testing.T, w *world, head string) []net.Conn {
	t.Helper()
	var mu sync.Mutex
	var conns []net.Conn
	numbers := make(chan int)
	var workers sync.WaitGroup

	for range 32 {
		workers.Go(func() {
			for n := range numbers {
				from := net.IPv4(127, 1, byte(n/4>>8), byte(n/4))
				dialer := net.Dialer{
					LocalAddr: &net.TCPAddr{IP: from},
					Timeout:   10 * time.Second,
				}
				conn, err := dialer.DialContext(
					context.Background(),
					"tcp",
					strings.TrimPrefix(w.base, "http://"),
				)
				if err != nil {
					continue
				}

				_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
				_, _ = conn.Write([]byte(head)) // it may be refused
				mu.Lock()
				conns = append(conns, conn)
				mu.Unlock()
			}
		})
	}

	for n := range manyConnections {
		numbers <- n
	}
	close(numbers)
	workers.Wait()
	if len(conns) < manyConnections/2 {
		t.Fatalf("%d connections were made", len(conns))
	}

	return conns
}

// resetPeak begins a new count of the host's memory.
func resetPeak(host *program) {
	_ = os.WriteFile(
		fmt.Sprintf("/proc/%d/clear_refs", host.cmd.Process.Pid),
		[]byte("5"),
		0o600,
	)
}

// peakOf returns the most memory that a host has had, in bytes.
func peakOf(t *testing.T, host *program) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", host.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}

	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); (len(fields) == 3) && (fields[0] == "VmHWM:") {
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
			return kilobytes << 10
		}
	}

	t.Fatal("the host's memory is not told")
	return 0
}
