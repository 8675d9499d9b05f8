package providerhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/payhost/payhost/sdk"
)

// maxExcerpt is how many characters of an answer that cannot be used go into
// its error.
const maxExcerpt = 200

// Response is a complete answer. Body is never nil.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	mask masker
	now  func() time.Time
}

// DecodeJSON reads the body, whatever its content type says, into a value as
// encoding/json does; numbers in an `any` become json.Number. The body must be
// one JSON value and nothing else: nothing, null, HTML, half a value, a second
// one or bytes that are not UTF-8 are an error, and so is a value that does not
// fit. The error is that of Unexpected and says what came instead. A missing
// field is not an error: check the fields that must be there.
func (r *Response) DecodeJSON(into any) error {
	// PHP files saved with a byte order mark put one before everything they
	// print.
	body := bytes.TrimSpace(bytes.TrimPrefix(r.Body, []byte("\uFEFF")))
	if came := instead(body); came != "" {
		return r.unusable(fmt.Sprintf(
			"the provider answered %s (HTTP %d) where JSON was expected", came, r.Status))
	}

	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return r.undecodable(err)
	}

	if _, err := decoder.Token(); err != io.EOF {
		return r.Unexpected("something follows the JSON value")
	}

	return nil
}

// instead names a body that is plainly not JSON; "" for one that may be.
func instead(body []byte) string {
	lower := bytes.ToLower(body[:min(len(body), 64)])
	switch {
	case len(body) == 0:
		return "nothing"
	case string(body) == "null":
		return "null"
	case bytes.HasPrefix(lower, []byte("<?xml")):
		return "XML"
	case body[0] == '<':
		return "HTML"
	case !utf8.Valid(body):
		return "bytes that are not UTF-8"
	case strings.IndexByte(`{["-0123456789tfn`, body[0]) < 0:
		return "plain text"
	}

	return ""
}

// undecodable returns the error for JSON that does not fit. It never passes on
// a text of encoding/json that holds a value of the answer.
func (r *Response) undecodable(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError

	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return r.Unexpected("the JSON is cut off")
	case errors.As(err, &syntax):
		return r.Unexpected(fmt.Sprintf("it is no valid JSON, at byte %d", syntax.Offset))
	case errors.As(err, &kind):
		came, _, _ := strings.Cut(kind.Value, " ") // "number 12" holds the value
		return r.Unexpected(
			fmt.Sprintf("%s is of the wrong kind: %s", quoteField(kind.Field), came),
		)
	case errors.Is(err, errScalar):
		return r.Unexpected(err.Error())
	}

	return r.Unexpected("the JSON cannot be read")
}

func quoteField(name string) string {
	if name == "" {
		return "the value"
	}
	return fmt.Sprintf("field %q", name)
}

// Unexpected is the error for an answer that is not what the provider's
// document shows; why completes the sentence "the provider's answer is not what
// its document shows: ...". It is CodeUnavailable with OutcomeUnknown: whatever
// the status, such an answer proves nothing. The beginning of the body is in
// ProviderMessage, secrets masked.
func (r *Response) Unexpected(why string) *sdk.Error {
	return r.unusable(fmt.Sprintf(
		"the provider's answer (HTTP %d) is not what its document shows: %s",
		r.Status,
		why,
	))
}

func (r *Response) unusable(message string) *sdk.Error {
	return &sdk.Error{
		Code:            sdk.CodeUnavailable,
		Outcome:         sdk.OutcomeUnknown,
		Message:         r.mask.text(message),
		ProviderMessage: r.excerpt(),
	}
}

// hostName keeps anything else that a Location may hold out of an error.
var hostName = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,253}$`)

// redirected returns the error for a redirect. It names the new host and no
// more: path or query may hold secrets.
func (r *Response) redirected() *sdk.Error {
	where := ""
	to, err := url.Parse(r.Header.Get("Location"))
	if err == nil && hostName.MatchString(to.Hostname()) {
		where = " to " + to.Hostname()
	}

	return r.unusable(fmt.Sprintf(
		"the provider answered with a redirect (HTTP %d)%s, which is not followed",
		r.Status,
		where,
	))
}

// excerpt returns the beginning of the body on one line, without secrets;
// nothing of a body that is not text.
func (r *Response) excerpt() string {
	if !isText(r.Body) {
		return ""
	}
	shown := r.mask.body(r.Header.Get("Content-Type"), r.Body)
	shown = strings.Join(strings.Fields(shown), " ")
	if runes := []rune(shown); len(runes) > maxExcerpt {
		return string(runes[:maxExcerpt])
	}
	return shown
}
