package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// attackVariable tells this program that it is the attackers, and what they do.
const attackVariable = "PAYHOST_E2E_ATTACK"

// longCrowd is how many connections the long attack opens at once.
const longCrowd = 1500

// attackers are strangers who send what they like for a while. They are a
// process of their own with the lowest priority: in earnest they sit at other
// machines, and what is measured is what the host lets them take of its own.
type attackers struct {
	Attack   string
	Base     string // the host's URL
	ComeBack string // the return address of one customer
	Lasts    time.Duration
	Long     bool

	requests atomic.Int64
}

// attackWays are the kinds of attack.
var attackWays = map[string]func(a *attackers, until time.Time){
	"large bodies, headers first": (*attackers).slowCrowd,
	"one return in a loop":        (*attackers).oneReturn,
	"megabytes of digits":         (*attackers).digits,
	"junk from many addresses":    (*attackers).junk,
}

// attacks are the names of the attacks, in the order in which they come.
func attacks() []string {
	names := make([]string, 0, len(attackWays))
	for name := range attackWays {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// beAttackers does what the order says, and returns the process's exit code.
func beAttackers(order string) int {
	var a attackers
	if err := json.Unmarshal([]byte(order), &a); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}

	attackWays[a.Attack](&a, time.Now().Add(a.Lasts))
	fmt.Println(a.requests.Load())
	return 0
}

// crowd runs so many attackers until the time is over.
func crowd(count int, until time.Time, attack func(number int)) {
	var running sync.WaitGroup
	for number := range count {
		running.Go(func() {
			for time.Now().Before(until) {
				attack(number)
			}
		})
	}
	running.Wait()
}

// raw sends a request's head and body over a connection of its own, and waits
// for the beginning of an answer.
func (a *attackers) raw(until time.Time, head string, between func(), body []byte) {
	a.requests.Add(1)
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.Base, "http://"))
	if err != nil {
		return
	}
	defer conn.Close()

	_ = conn.SetDeadline(until.Add(time.Second))
	fmt.Fprint(conn, head)
	between()
	if _, err := conn.Write(body); err == nil {
		_, _ = bufio.NewReader(conn).ReadString('\n')
	}
}

// slowCrowd opens many connections, sends all the headers first, and then a
// megabyte on each.
func (a *attackers) slowCrowd(until time.Time) {
	count := 100
	if a.Long {
		count = longCrowd
	}
	body := bytes.Repeat([]byte("x"), 1<<20)
	head := fmt.Sprintf(
		"POST /webhooks/paycrypto HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
		len(body),
	)

	for time.Now().Before(until) {
		var ready, running sync.WaitGroup
		ready.Add(count)

		for range count {
			running.Go(func() {
				once := sync.OnceFunc(ready.Done)
				defer once()
				a.raw(until, head, func() {
					once()
					ready.Wait()
				}, body)
			})
		}

		running.Wait()
	}
}

// oneReturn opens one customer's return address again and again, with as much
// in it as a form may hold.
func (a *attackers) oneReturn(until time.Time) {
	body := bytes.Repeat([]byte("x"), 60<<10)
	crowd(16, until, func(int) {
		a.requests.Add(1)
		resp, err := client.Post(
			a.Base+a.ComeBack,
			"application/x-www-form-urlencoded",
			bytes.NewReader(body),
		)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}

// digits sends what takes long to read.
func (a *attackers) digits(until time.Time) {
	body := `{"action":` + strings.Repeat("7", 1<<20-100) + `}`
	crowd(8, until, func(int) { a.post("/webhooks/paycrypto", body, "") })
}

// junk sends small ones, each from another address.
func (a *attackers) junk(until time.Time) {
	body := `{"action":"order_result","events":["` + strings.Repeat("x", 60<<10) + `"]}`
	var sender atomic.Int64
	crowd(8, until, func(int) {
		n := sender.Add(1)
		a.post(
			"/webhooks/paycrypto",
			body,
			fmt.Sprintf("203.%d.%d.%d", n>>16&255, n>>8&255, n&255),
		)
	})
}

func (a *attackers) post(path, body, from string) {
	a.requests.Add(1)
	req, err := http.NewRequest(http.MethodPost, a.Base+path, strings.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	if from != "" {
		req.Header.Set("X-Forwarded-For", from)
	}

	if resp, err := client.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}
