//go:build linux

package plugin_test

import (
	"context"
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

// create makes a payment in the background.
func create(a *client.Account) <-chan error {
	failed := make(chan error, 1)
	go func() {
		_, err := a.CreatePayment(context.Background(), sdk.CreatePaymentRequest{
			Reference:         "r1",
			IdempotencyKey:    "k1",
			Sequence:          1,
			Attempt:           1,
			MerchantReference: "order-1",
			Amount:            sdk.Money{Amount: decimalOne, Currency: "USD"},
		})
		failed <- err
	}()

	return failed
}

// go-plugin trap 5: nobody is told of a crash.
func TestKilledPluginIsNoticedAtOnceAndItsCallIsInDoubt(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	entered, _ := provider.Hold(t, "ok", nil)
	failed := create(a)
	plugintest.Await(t, entered)
	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}

	<-p.Done()
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("err = %v", err)
	}
	if err := <-failed; sdk.OutcomeOf(err) != sdk.OutcomeUnknown ||
		sdk.CodeOf(err) != sdk.CodeUnavailable {
		t.Errorf("the call ended with %v", err)
	}

	if n := len(provider.Calls()); n != 1 {
		t.Errorf("the provider got %d calls", n)
	}
}

func TestExitSaysItsStatusAndLastWords(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	provider.Say("exit 7")
	<-create(a)
	<-p.Done()
	p.Stop(time.Second)
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("err = %v", err)
	}
}

// A child that holds the plugin's pipes hides its death from whoever waits for
// the pipes' end.
//
// go-plugin trap 4: a grandchild that holds stderr hides the crash.
func TestCrashIsNoticedAndTheChildKilledThoughItHoldsThePipes(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	provider.Say("fork")
	child, err := strconv.Atoi(invoke(t, a))
	if err != nil || !running(child) {
		t.Fatal(child, err)
	}

	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	eventually(t, "the child is gone", func() bool { return !running(child) })
	p.Stop(time.Second)
}

// go-plugin trap 2: a server that waits for its handlers waits for its own
// shutdown, and is killed after two seconds.
func TestStopTakesTheChildrenToo(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	provider.Say("fork")
	child, _ := strconv.Atoi(invoke(t, a))
	p.Stop(10 * time.Second)
	eventually(t, "the child is gone", func() bool { return !running(child) })
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), "exit status 0") {
		t.Errorf("it did not end in good order: %v", err)
	}
}

// A stopped process answers nothing, not even the request to end.
//
// go-plugin trap 3: Kill waits for ever for a stopped plugin.
func TestStoppedProcessIsKilledWithinTheBudget(t *testing.T) {
	s := newStage(t)
	p := s.start()
	if err := syscall.Kill(p.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}

	p.Stop(50 * time.Millisecond)
	if running(p.PID()) {
		t.Error("it still runs")
	}
	p.Stop(50 * time.Millisecond) // once more does no harm
}

// go-plugin trap 3: Kill waits for ever for a stopped plugin.
func TestTheShortestBudgetCounts(t *testing.T) {
	s := newStage(t)
	p := s.start()
	if err := syscall.Kill(p.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	patient := make(chan struct{})
	go func() { p.Stop(time.Hour); close(patient) }()
	p.Stop(50 * time.Millisecond)
	<-patient
}

// go-plugin trap 17: SIGTERM ends a plugin before its host has drained.
func TestSignalsOfATerminalDoNotReachThePlugin(t *testing.T) {
	s := newStage(t)
	p := s.start()
	group, err := syscall.Getpgid(p.PID())
	if err != nil || group != p.PID() || group == syscall.Getpgrp() {
		t.Errorf(
			"the plugin is in group %d, the host in %d, %v",
			group,
			syscall.Getpgrp(),
			err,
		)
	}

	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		if err := syscall.Kill(p.PID(), sig); err != nil {
			t.Fatal(err)
		}
	}

	for range 3 {
		if _, err := p.Client().Info(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

// The kernel's parent-death signal follows the thread that started the process,
// and Go ends threads.
//
// go-plugin trap 18: a plugin outlives a killed host, or dies with a thread of
// a living one.
func TestPluginOutlivesTheThreadThatAskedForIt(t *testing.T) {
	s := newStage(t)
	spec := s.spec()
	got, thread := make(chan *plugin.Process, 1), make(chan int, 1)
	go onThreadThatEnds(func() {
		thread <- syscall.Gettid()
		p, err := plugin.Start(context.Background(), spec)
		if err != nil {
			t.Error(err)
		}
		got <- p
	})

	p := <-got
	if p == nil {
		t.FailNow()
	}
	defer p.Stop(time.Second)

	gone := "/proc/self/task/" + strconv.Itoa(<-thread)
	eventually(
		t,
		"the thread has ended",
		func() bool { _, err := os.Stat(gone); return err != nil },
	)

	if _, err := p.Client().Info(context.Background()); err != nil {
		t.Error(err)
	}
}

// onThreadThatEnds runs f on a thread that ends with the goroutine, because it
// stays locked to it. The process's first thread does not, so it is held until
// another one is found.
func onThreadThatEnds(f func()) {
	runtime.LockOSThread()
	if syscall.Gettid() != os.Getpid() {
		f()
		return
	}
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() { defer close(done); onThreadThatEnds(f) }()
	<-done
}

// go-plugin trap 25: a server takes 4 MB at most, a client anything.
func TestMessagesAboveGRPCsOwnLimitPass(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	file := sdk.Attachment{
		Field:     "proof",
		Filename:  "a.png",
		MediaType: "image/png",
		Content:   make([]byte, sdk.MaxAttachment),
	}

	paid, err := a.ConfirmPayment(context.Background(), sdk.ConfirmPaymentRequest{
		Payment: sdk.PaymentContext{
			Reference:         "r1",
			MerchantReference: "order-1",
			Amount:            sdk.Money{Amount: decimalOne, Currency: "USD"},
			CreatedAt:         time.Now(),
		},
		IdempotencyKey: "k1",
		Attempt:        1,
		Attachments:    []sdk.Attachment{file, file},
	})
	if err != nil || paid.Message != strconv.Itoa(2*sdk.MaxAttachment) {
		t.Errorf("%+v, %v", paid, err)
	}

	provider.Say("big " + strconv.Itoa(6<<20))
	if n := len(invoke(t, a)); n != 6<<20 {
		t.Errorf("the answer has %d bytes", n)
	}
}

// go-plugin trap 12: a panic in a handler ends the process and all its calls.
func TestPanicFailsOneCallAndNotTheProcess(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	entered, release := provider.Hold(
		t,
		"ok",
		func(c plugintest.Call) bool { return c.Verb == "create" },
	)

	other := create(a)
	plugintest.Await(t, entered)
	provider.Say("panic")
	_, err := a.InvokeOperation(
		context.Background(),
		sdk.InvokeOperationRequest{Operation: "do", Input: json.RawMessage("{}")},
	)
	if sdk.OutcomeOf(err) != sdk.OutcomeUnknown || sdk.CodeOf(err) != sdk.CodeInternal {
		t.Errorf("the call ended with %v", err)
	}

	release()
	if err := <-other; err != nil {
		t.Errorf("the other call ended with %v", err)
	}
}
