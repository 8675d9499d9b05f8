package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"mime/multipart"
	"net/textproto"
	"slices"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// part is one part of a form; with a file name it is a file.
type part struct{ name, file, media, content string }

// form returns a multipart body and its content type.
func form(t *testing.T, parts ...part) (*bytes.Buffer, string) {
	t.Helper()
	body := &bytes.Buffer{}
	w := multipart.NewWriter(body)

	for _, p := range parts {
		h := textproto.MIMEHeader{
			"Content-Disposition": {fmt.Sprintf("form-data; name=%q", p.name)},
		}
		if p.file != "" {
			h.Set(
				"Content-Disposition",
				fmt.Sprintf("form-data; name=%q; filename=%q", p.name, p.file),
			)
		}

		if p.media != "" {
			h.Set("Content-Type", p.media)
		}
		one, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}

		if _, err := one.Write([]byte(p.content)); err != nil {
			t.Fatal(err)
		}
	}

	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	return body, w.FormDataContentType()
}

// confirming is a rig with a payment that can be confirmed; got is what arrives
// at the plugin.
func confirming(t *testing.T) (r *rig, url string, got *sdk.ConfirmPaymentRequest) {
	t.Helper()
	r, got = newRig(t), &sdk.ConfirmPaymentRequest{}
	r.account.Confirm = func(_ context.Context, q sdk.ConfirmPaymentRequest) (*sdk.Payment, error) {
		*got = q
		return processing(nil)
	}
	return r, r.URL + "/v1/payments/" + r.pay(t, "k") + "/confirm", got
}

const png = "\x89PNG\r\n\x1a\n and so on"

func TestAConfirmationWithAFile(t *testing.T) {
	_, url, got := confirming(t)
	body, media := form(
		t,
		part{name: "key1", content: "ABC 123"},
		part{name: "amount", content: "60.00"},
		part{
			"screenshot",
			`../../etc/pass"wd.png`,
			"image/png",
			png,
		},
		part{"second", `C:\photos\two.png`, "application/octet-stream", png},
	)

	a := send(
		t,
		"POST",
		url,
		body,
		"Authorization",
		"Bearer "+token,
		"Idempotency-Key",
		"c",
		"Content-Type",
		media,
	).want(t, 200, "")
	if a.json["status"] != "processing" {
		t.Errorf("got %s", a.text)
	}

	if !maps.Equal(got.Fields, map[string]string{"key1": "ABC 123", "amount": "60.00"}) {
		t.Errorf("the fields are %v", got.Fields)
	}
	want := []sdk.Attachment{
		{
			Field:     "screenshot",
			Filename:  "pass_wd.png",
			MediaType: "image/png",
			Content:   []byte(png),
		},
		{
			Field:     "second",
			Filename:  "two.png",
			MediaType: "image/png",
			Content:   []byte(png),
		},
	}
	if !slices.EqualFunc(
		got.Attachments,
		want,
		func(a, b sdk.Attachment) bool { return fmt.Sprint(a) == fmt.Sprint(b) },
	) {
		t.Errorf("the files are %+v", got.Attachments)
	}

	again, media := form(
		t,
		part{name: "amount", content: "60.00"},
		part{name: "key1", content: "ABC 123"},
		part{
			"screenshot",
			`../../etc/pass"wd.png`,
			"image/png",
			png,
		},
		part{"second", `C:\photos\two.png`, "application/octet-stream", png},
	)

	a = send(
		t,
		"POST",
		url,
		again,
		"Authorization",
		"Bearer "+token,
		"Idempotency-Key",
		"c",
		"Content-Type",
		media,
	).want(t, 200, "")
	if a.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same form under another boundary is another request: %s", a.text)
	}
}

func TestAConfirmationWithoutFiles(t *testing.T) {
	r, url, got := confirming(t)
	for k, media := range []string{"application/json", "application/json; charset=utf-8", ""} {
		send(
			t,
			"POST",
			url,
			bytes.NewBufferString(`{"fields":{"key1":"ABC"}}`),
			"Authorization",
			"Bearer "+token,
			"Idempotency-Key",
			fmt.Sprint("c", k),
			"Content-Type",
			media,
		).want(t, 200, "")

		if !maps.Equal(got.Fields, map[string]string{"key1": "ABC"}) ||
			got.Attachments != nil {
			t.Errorf("%q: %+v", media, got)
		}
	}

	a := r.call(t, "POST", url[len(r.URL):], `{"fields":{"key1":5,"key2":null},"files":[]}`).
		want(t, 422, "invalid_request")
	want := map[string]string{
		"Idempotency-Key": "is required",
		"fields.key1":     "must be a string, not a number",
		"fields.key2":     "must be a string, not null",
		"files":           "is not known here",
	}
	if !maps.Equal(a.violations(), want) {
		t.Errorf("got %v", a.violations())
	}

	for body, field := range map[string]string{`[]`: "body", `{}`: "fields", `{"fields":[]}`: "fields", `null`: "body"} {
		a := r.call(t, "POST", url[len(r.URL):], body, "Idempotency-Key", "x").
			want(t, 422, "invalid_request")
		if a.violations()[field] == "" {
			t.Errorf("%s: %s", body, a.text)
		}
	}
}

func TestTheBoundsOfAConfirmation(t *testing.T) {
	r, url, got := confirming(t)
	file := func(size int) part { return part{"screenshot", "a.png", "image/png", string(make([]byte, size))} }
	many := make([]part, 65)
	for k := range many {
		many[k] = part{name: fmt.Sprint("field", k), content: "x"}
	}

	for name, c := range map[string]struct {
		parts  []part
		status int
		code   string
	}{
		"the largest file":    {[]part{file(sdk.MaxAttachment)}, 200, ""},
		"too large a file":    {[]part{file(sdk.MaxAttachment + 1)}, 413, "too_large"},
		"two large files":     {[]part{file(5 << 20), file(5 << 20)}, 200, ""},
		"three large files":   {[]part{file(5 << 20), file(5 << 20), file(5 << 20)}, 413, "too_large"},
		"too long a field":    {[]part{{name: "key1", content: string(make([]byte, 9<<10))}}, 413, "too_large"},
		"too many parts":      {many, 413, "too_large"},
		"a part without name": {[]part{{content: "x"}}, 400, "malformed"},
		"a field twice":       {[]part{{name: "key1", content: "x"}, {name: "key1", content: "y"}}, 400, "malformed"},
		"a control character": {[]part{{name: "key1", content: "a\x00b"}}, 422, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			*got = sdk.ConfirmPaymentRequest{}
			body, media := form(t, c.parts...)
			send(
				t,
				"POST",
				url,
				body,
				"Authorization",
				"Bearer "+token,
				"Idempotency-Key",
				name,
				"Content-Type",
				media,
			).want(t, c.status, c.code)

			if arrived := got.IdempotencyKey != ""; arrived != (c.status == 200) {
				t.Errorf("at the provider: %v", arrived)
			}
		})
	}

	for _, media := range []string{"multipart/form-data", "multipart/mixed; boundary=x", "text/plain", "%"} {
		r.call(t, "POST", url[len(r.URL):], "x", "Idempotency-Key", "x", "Content-Type", media).
			want(t, 415, "unsupported_media_type")
	}

	r.call(t, "POST", url[len(r.URL):], "--x\r\nhalf", "Idempotency-Key", "x", "Content-Type", "multipart/form-data; boundary=x").
		want(t, 400, "malformed")
}
