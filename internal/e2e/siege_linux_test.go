package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// siegeSeconds is how long each attack lasts. Without it they are short and no
// figure of time is judged.
var siegeSeconds = flag.Int(
	"siege.seconds",
	0,
	"attack for so many seconds each, and judge latencies as well",
)

// What a host may use of the machine under attack.
const (
	siegeRSS  = 300 << 20
	siegeDisk = 100 << 20
)

// siege is a host under attack, and merchants who go on paying.
type siege struct {
	*world
	host     *program
	long     bool
	lasts    time.Duration
	pace     time.Duration
	orders   atomic.Int64
	comeBack string // the return address of one customer
}

// Strangers send what they like to the four public kinds of paths: merchants
// are served meanwhile, and the host's memory and disk stay bounded.
func TestSiege(t *testing.T) {
	w := newWorld(t)
	s := &siege{
		world: w,
		long:  *siegeSeconds > 0,
		lasts: 2 * time.Second,
		pace:  50 * time.Millisecond,
	}
	if s.long {
		s.lasts = time.Duration(*siegeSeconds) * time.Second
	}

	crypto := strings.TrimSuffix(w.sandbox, "/ptop") + "/paycrypto"
	text := strings.Replace(
		w.standard(),
		"[log]\nlevel = \"debug\"",
		"[log]\nlevel = \"error\"",
		1,
	)
	text = strings.Replace(
		text,
		"tokens =",
		"trusted_proxies = [\"127.0.0.1\"]\ntokens =",
		1,
	)

	w.write(text + fmt.Sprintf(`
[providers.paycrypto]
plugin = "paycrypto"
[providers.paycrypto.config]
environment = "sandbox"
base_url = %q
api_key = "paycrypto-sandbox-api-key"
api_secret = "paycrypto-sandbox-api-secret"
passphrase = "paycrypto-sandbox-passphrase"
webhook_secret = "paycrypto-sandbox-webhook-secret"
company_name = "Sample Shop"
company_email = "shop@example.com"
`, crypto))

	s.host = w.serve()
	p := w.pay("the customer's")
	formType := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	_, header, _ := w.do(http.MethodPost, p.NextAction.URL, form("result", "pay"), formType)
	back, err := url.Parse(header.Get("Location"))
	if (err != nil) || !strings.HasPrefix(back.Path, "/return/") {
		t.Fatalf("the customer comes back to %q, %v", header.Get("Location"), err)
	}

	s.comeBack = back.Path

	s.merchants(s.lasts/4, func() {}) // nothing is cold any more
	quiet := s.merchants(s.lasts, func() {})
	t.Logf("%-28s %s", "quiet", quiet)

	for _, name := range attacks() {
		s.judge(name, quiet)
	}
	s.list()
}

// judge lets one attack run, and says what came of it.
func (s *siege) judge(name string, quiet figures) {
	before := s.disk()
	resetPeak(s.host)

	var sent int
	got := s.merchants(s.lasts, func() { sent = s.attack(name) })
	rss, grown := peakOf(s.t, s.host), s.disk()-before
	s.t.Logf(
		"%-28s %s; %d requests of the attackers; peak %d MB, disk +%d MB",
		name,
		got,
		sent,
		rss>>20,
		grown>>20,
	)

	if sent == 0 {
		s.t.Errorf("%s: nothing was sent", name)
	}

	if len(got.failed) > 0 {
		s.t.Errorf(
			"%s: %d payments failed, such as %s",
			name,
			len(got.failed),
			got.failed[0],
		)
	}

	if rss > siegeRSS {
		s.t.Errorf("%s: the host uses %d MB", name, rss>>20)
	}
	if grown > siegeDisk {
		s.t.Errorf("%s: the database has grown by %d MB", name, grown>>20)
	}

	for provider, p99 := range got.p99 {
		if s.long && (p99 > 2*quiet.p99[provider]) {
			s.t.Errorf(
				"%s: p99 at %s is %s, and %s when it is quiet",
				name,
				provider,
				p99,
				quiet.p99[provider],
			)
		}
	}
}

// attack runs the attackers until their time is over, and returns how many
// requests they sent.
func (s *siege) attack(name string) (requests int) {
	order, err := json.Marshal(&attackers{
		Attack:   name,
		Base:     s.base,
		ComeBack: s.comeBack,
		Lasts:    s.lasts,
		Long:     s.long,
	})
	if err != nil {
		s.t.Fatal(err)
	}

	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("nice", "-n", "19", self)
	cmd.Env = append(os.Environ(), attackVariable+"="+string(order))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Errorf("%s: the attackers: %v", name, err)
		return 0
	}

	requests, err = strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		s.t.Errorf("%s: the attackers say %q", name, out)
	}
	return requests
}

// figures are what merchants saw.
type figures struct {
	made     int
	p50, p99 map[string]time.Duration
	failed   []string
}

func (f figures) String() string {
	text := fmt.Sprintf("%d payments, %d failed", f.made, len(f.failed))
	for _, provider := range []string{"ptop", "paycrypto"} {
		text += fmt.Sprintf(
			"; %s p50 %s p99 %s",
			provider,
			f.p50[provider].Round(
				100*time.Microsecond,
			),
			f.p99[provider].Round(100*time.Microsecond),
		)
	}

	return text
}

// merchants pay at two providers, one payment after the other, while something
// else happens. They stop when that has ended and the time is over.
func (s *siege) merchants(lasts time.Duration, meanwhile func()) figures {
	until := time.Now().Add(lasts)
	got := figures{p50: map[string]time.Duration{}, p99: map[string]time.Duration{}}
	var mu sync.Mutex
	var running sync.WaitGroup

	for _, provider := range []string{"ptop", "paycrypto"} {
		running.Go(func() {
			var took []time.Duration
			for time.Now().Before(until) {
				begun := time.Now()
				problem := s.order(provider)
				took = append(took, time.Since(begun))
				if problem != "" {
					mu.Lock()
					got.failed = append(got.failed, problem)
					mu.Unlock()
				}

				// merchants do not order without a pause
				time.Sleep(max(0, s.pace-time.Since(begun)))
			}

			slices.Sort(took)
			mu.Lock()
			defer mu.Unlock()
			got.made += len(took)
			got.p50[provider], got.p99[provider] = took[len(took)/2], took[len(took)*99/100]
		})
	}

	meanwhile()
	running.Wait()
	return got
}

// order makes a payment under a key of its own, and says what is wrong with it.
func (s *siege) order(provider string) (problem string) {
	return s.tryToPay(provider, fmt.Sprintf("siege-%d", s.orders.Add(1)))
}

// tryToPay makes a payment, and says what is wrong with it.
func (w *world) tryToPay(provider, key string) (problem string) {
	body := strings.Replace(paymentBody, `"ptop"`, strconv.Quote(provider), 1)
	req, err := http.NewRequest(
		http.MethodPost,
		w.base+"/v1/payments",
		strings.NewReader(body),
	)
	if err != nil {
		return err.Error()
	}

	req.Header.Set("Authorization", "Bearer "+apiToken)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()

	text, err := io.ReadAll(resp.Body)
	var p record
	if (err != nil) || (json.Unmarshal(text, &p) != nil) ||
		(resp.StatusCode != http.StatusCreated) ||
		(p.Status != "requires_action") {
		return fmt.Sprintf("%s: %d %s %v", provider, resp.StatusCode, text, err)
	}

	return ""
}

// list has the operator look at what came in.
func (s *siege) list() {
	header := http.Header{"Authorization": {"Bearer " + apiToken}}
	status, _, text := s.do(http.MethodGet, s.base+"/v1/webhooks?limit=200", "", header)
	s.t.Logf("a list of 200 webhooks has %d kB", len(text)>>10)
	if (status != http.StatusOK) || (len(text) > 1<<20) {
		s.t.Errorf("the list: %d, %d bytes", status, len(text))
	}
	if exit, out := s.command("webhooks"); (exit != 0) || (len(out) > 1<<20) {
		s.t.Errorf("the command: %d, %d bytes", exit, len(out))
	}
}

// disk returns how large the database's files are together.
func (s *siege) disk() (size int64) {
	files, _ := filepath.Glob(filepath.Join(s.dir, "data", "payhost.db*"))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			size += info.Size()
		}
	}
	return size
}
