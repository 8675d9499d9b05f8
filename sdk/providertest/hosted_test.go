package providertest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providertest"
)

type shopConfig struct {
	Key sdk.Secret `config:"key,required"`
}

// talker says its key in an error, and logs whatever it is asked.
type talker struct {
	rt  sdk.Runtime
	key string
}

func newTalker(cfg shopConfig, rt sdk.Runtime) (*talker, error) {
	return &talker{rt, cfg.Key.Reveal()}, nil
}

func (*talker) Info() sdk.Info {
	return sdk.Info{Name: "talker", Version: "1", Currencies: []string{"EUR"}}
}

func (p *talker) GetPayment(
	ctx context.Context,
	req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	p.rt.Logger.DebugContext(ctx, "asked about "+req.Payment.Reference)
	return nil, sdk.Refused(sdk.CodeDeclined, "7", "no: "+p.key)
}

// sink is a test that notes its errors.
type sink struct {
	testing.TB
	errors []string
}

func (s *sink) Helper() {}

func (s *sink) Errorf(format string, _ ...any) { s.errors = append(s.errors, format) }

func TestHost(t *testing.T) {
	h := providertest.Host(t, newTalker, `{"key":"k3y-0123456789"}`)
	if h.Info.IdentityFingerprint == "" {
		t.Errorf("got %+v", h.Info)
	}
	ctx, record := sdk.WithExchangeLog(t.Context())
	sdk.RecordExchange(ctx, sdk.Exchange{URL: "https://a.example/x"})
	_, err := h.GetPayment(
		ctx,
		sdk.GetPaymentRequest{Payment: sdk.PaymentContext{Reference: "pay_1"}},
	)

	said := h.Said(record, err, errors.New("another"))
	for _, want := range []string{"asked about pay_1", "https://a.example/x", "no: [secret]", "another"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %s", want, said)
		}
	}

	providertest.WantNoSecret(t, said, "k3y-0123456789")
}

func TestWantNoSecret(t *testing.T) {
	const secret = `cánary/key&"<1>+ %41`
	for _, spelling := range providertest.Spelled(secret) {
		s := &sink{TB: t}
		providertest.WantNoSecret(s, "before "+spelling+" after", "other", secret)
		if len(s.errors) == 0 {
			t.Errorf("%s is not found", spelling)
		}
	}
}

func TestAPI(t *testing.T) {
	address, asked := providertest.API(
		t,
		func(r providertest.Received, number int) (int, string) {
			return 200 + number, `"` + r.URL.Path + `"`
		},
	)

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for i := range 2 {
		resp, err := client.Post(
			address+"/v1/pay?x=1",
			"text/plain",
			strings.NewReader("body"),
		)
		if err != nil {
			t.Fatal(err)
		}

		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 200+i || string(text) != `"/v1/pay"` {
			t.Errorf("got %d %s", resp.StatusCode, text)
		}
	}

	stray, err := client.Get(address[:strings.LastIndex(address, "/")] + "/v1/pay")
	if err != nil {
		t.Fatal(err)
	}
	_ = stray.Body.Close()
	if list := asked(); len(list) != 2 || list[1].Body != "body" ||
		list[1].URL.RawQuery != "x=1" ||
		stray.StatusCode != 404 {
		t.Errorf("asked %d times; a stray request got %d", len(list), stray.StatusCode)
	}
}
