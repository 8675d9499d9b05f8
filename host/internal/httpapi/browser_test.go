package httpapi_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// browser is a page of a real Chromium, driven by its DevTools protocol over a
// pipe: messages end with a zero byte, so that no port and no WebSocket are
// needed.
type browser struct {
	t       *testing.T
	to      io.WriteCloser
	session string

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	ended   bool
	// failed are the mistakes of scripts and of the content security policy.
	failed []string
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Params json.RawMessage `json:"params"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// browse starts a browser that ends with the test, and fails it for every error
// that a script or the policy has had.
func browse(t *testing.T) *browser {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Skip("the console is not tried in a browser: there is no chromium program")
	}

	toBrowser, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read, fromBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile := t.TempDir()
	// Root has no sandbox in Chromium; what it shows here is our own.
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu",
		"--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--no-first-run", "--lang=en-GB",
		"--force-color-profile=srgb", "--hide-scrollbars", "--remote-debugging-pipe",
		"--user-data-dir="+profile, "about:blank")
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser} // its files 3 and 4
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(os.Environ(), "HOME="+profile, "TZ=UTC")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = toBrowser.Close()
	_ = fromBrowser.Close()

	page := &browser{t: t, to: write, waiting: map[int]chan message{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		page.listen(read)
	}()
	t.Cleanup(func() {
		// All of its processes end before their folder goes.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		_ = write.Close()
		<-done
		_ = read.Close()
		if len(page.failed) > 0 {
			t.Errorf("the browser complains: %s", strings.Join(page.failed, "\n"))
		}
	})

	var target struct {
		TargetID string `json:"targetId"`
	}
	page.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct {
		SessionID string `json:"sessionId"`
	}
	page.call("Target.attachToTarget",
		map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	page.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		page.call(domain+".enable", nil, nil)
	}
	page.size(1280, 900, false)
	return page
}

// listen reads what the browser says until it ends.
func (b *browser) listen(from io.Reader) {
	reader := bufio.NewReaderSize(from, 1<<20)
	for {
		text, err := reader.ReadBytes(0)
		if err != nil {
			break
		}
		var said message
		if json.Unmarshal(text[:len(text)-1], &said) != nil {
			continue
		}
		b.hear(said)
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	for _, answer := range b.waiting {
		close(answer)
	}
}

func (b *browser) hear(said message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if answer := b.waiting[said.ID]; answer != nil {
		delete(b.waiting, said.ID)
		answer <- said
		return
	}

	switch said.Method {
	case "Runtime.exceptionThrown":
		b.failed = append(b.failed, string(said.Params))
	case "Log.entryAdded":
		// Answers that say no are what many tests are about.
		text := string(said.Params)
		if strings.Contains(text, `"level":"error"`) && !strings.Contains(text, `"source":"network"`) {
			b.failed = append(b.failed, text)
		}
	}
}

// call sends a command and waits for its answer.
func (b *browser) call(method string, params map[string]any, into any) {
	b.t.Helper()
	if params == nil {
		params = map[string]any{}
	}
	answer := make(chan message, 1)
	b.mu.Lock()
	if b.ended {
		b.mu.Unlock()
		b.t.Fatal("the browser has ended")
	}
	b.last++
	command := map[string]any{"id": b.last, "method": method, "params": params}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	b.waiting[b.last] = answer
	b.mu.Unlock()

	text, err := json.Marshal(command)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		b.t.Fatal(err)
	}
	var said message
	var there bool
	select {
	case said, there = <-answer:
	case <-b.t.Context().Done():
	}
	if !there || said.Error != nil {
		b.t.Fatalf("%s: %+v", method, said.Error)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(said.Result, into); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns what an expression is, as text; a promise is waited for.
func (b *browser) eval(expression string) string {
	b.t.Helper()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		ExceptionDetails json.RawMessage `json:"exceptionDetails"`
	}
	b.call("Runtime.evaluate", map[string]any{
		"expression": expression, "awaitPromise": true, "returnByValue": true,
	}, &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, answer.ExceptionDetails)
	}
	var text string
	if json.Unmarshal(answer.Result.Value, &text) != nil {
		text = string(answer.Result.Value)
	}
	return text
}

// patience is after how many milliseconds a page that never shows what is waited
// for fails the test, with what it shows.
const patience = "60000"

// until waits until an expression is true, which is looked at whenever the page
// changes.
func (b *browser) until(expression string) {
	b.t.Helper()
	b.eval(`new Promise((done, fail) => {
		const look = () => { if (` + expression + `) { watch.disconnect(); clearTimeout(end); done(true); } };
		const end = setTimeout(() => fail(new Error("never so: " + document.body.innerText)), ` + patience + `);
		const watch = new MutationObserver(look);
		watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
		addEventListener("focusin", look);
		look();
	})`)
}

// sees waits until the page has a text.
func (b *browser) sees(text string) {
	b.t.Helper()
	b.until(`document.body.innerText.includes(` + quoted(text) + `)`)
}

// enter opens the console with a token, on a page of it.
func (b *browser) enter(url, secret, page string) {
	b.t.Helper()
	var answer struct {
		ErrorText string `json:"errorText"`
	}
	b.call("Page.navigate", map[string]any{"url": url + "/console/"}, &answer)
	if answer.ErrorText != "" {
		b.t.Fatal(answer.ErrorText)
	}
	b.until(`document.getElementById("login")?.hidden === false`)
	b.eval(`location.hash = ` + quoted("#/"+page))
	b.eval(`document.getElementById("token").value = ` + quoted(secret) + `;
		document.getElementById("login").requestSubmit()`)
	b.until(`document.getElementById("sections").childElementCount > 0 ||
		document.getElementById("refused").textContent`)
}

// open goes to another page of the console.
func (b *browser) open(page string) {
	b.t.Helper()
	b.eval(`document.getElementById("main").replaceChildren(); location.hash = ` + quoted("#/"+page))
	b.until(`document.querySelector("main h1, main .empty")`)
}

// press presses a key, such as "Enter" or "g", where the focus is.
func (b *browser) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		event := map[string]any{"type": "keyDown", "key": key}
		switch key {
		case "Enter":
			event["text"], event["code"], event["windowsVirtualKeyCode"] = "\r", "Enter", 13
		case "Escape":
			event["code"], event["windowsVirtualKeyCode"] = "Escape", 27
		case "Tab":
			event["code"], event["windowsVirtualKeyCode"] = "Tab", 9
		default:
			event["text"] = key
		}
		b.call("Input.dispatchKeyEvent", event, nil)
		b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key}, nil)
	}
}

// types writes a text where the focus is.
func (b *browser) types(text string) {
	b.t.Helper()
	b.call("Input.insertText", map[string]any{"text": text}, nil)
}

// push pushes the button with a text.
func (b *browser) push(text string) {
	b.t.Helper()
	found := `[...document.querySelectorAll("dialog[open] button, main button")].find(one =>
		one.textContent === ` + quoted(text) + ` && (!document.querySelector("dialog[open]") || one.closest("dialog")))`
	b.until(found)
	b.eval(`{ const one = ` + found + `; one.focus(); one.click(); }`)
}

// fill writes into a field of the open dialog.
func (b *browser) fill(name, value string) {
	b.t.Helper()
	b.until(`document.querySelector("dialog[open]")`)
	b.eval(fmt.Sprintf(`(() => { const one = document.querySelector("dialog[open] [name=" + %s + "]");
		one.value = %s; one.dispatchEvent(new Event("input", { bubbles: true })); })()`,
		quoted(name), quoted(value)))
}

// said returns the text of an element.
func (b *browser) said(selector string) string {
	b.t.Helper()
	return b.eval(`document.querySelector(` + quoted(selector) + `)?.innerText ?? ""`)
}

// size makes the window so large.
func (b *browser) size(width, height int, dark bool) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
	}, nil)
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.call("Emulation.setEmulatedMedia", map[string]any{
		"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}},
	}, nil)
}

// picture keeps what the window shows among the artifacts of the test; see
// go help testflag.
func (b *browser) picture(name string) {
	b.t.Helper()
	var answer struct {
		Data string `json:"data"`
	}
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &answer)
	image, err := base64.StdEncoding.DecodeString(answer.Data)
	if err != nil || len(image) == 0 {
		b.t.Fatalf("no picture: %v", err)
	}
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), image, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// quoted returns a text as a script writes it.
func quoted(text string) string {
	quoted, _ := json.Marshal(text) // a text always can be
	return string(quoted)
}
