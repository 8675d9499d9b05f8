package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// The bounds of a confirmation with files: bytes of the form and of a value,
// and how many parts.
const (
	maxForm     = 12 << 20
	maxValue    = 8 << 10
	maxParts    = 64
	maxFileName = 100 // characters
)

func (a *API) confirmOperation(api huma.API) {
	described := operation{
		id:      "confirm-payment",
		method:  http.MethodPost,
		path:    "/payments/{id}/confirm",
		tag:     "Payments",
		scope:   caller.PaymentsWrite,
		summary: "Confirm a payment",
		description: "Hands over what the customer sent back: JSON, or a form with the same names and the file under " +
			"its field's name. A file may have 5 MiB, the form 12 MiB.",
		errors: changeErrors,
	}.described()

	huma.Register(api, described, a.confirmPayment)

	// huma leaves the body alone, so the document does not know it yet.
	schemas := api.OpenAPI().Components.Schemas
	api.OpenAPI().Paths[described.Path].Post.RequestBody = &huma.RequestBody{
		Required: true,
		Content: map[string]*huma.MediaType{
			"application/json": {
				Schema: schemas.Schema(reflect.TypeFor[confirmRequest](), true, ""),
				Example: json.RawMessage(
					`{"fields":{"transaction_id":"7X3K9","amount":"60.00"}}`,
				),
			},
			"multipart/form-data": {Schema: &huma.Schema{
				Type:                 huma.TypeObject,
				AdditionalProperties: &huma.Schema{Type: huma.TypeString},
				Properties: map[string]*huma.Schema{
					"screenshot": {Type: huma.TypeString, Format: "binary"},
				},
			}},
		},
	}
}

// confirmRequest is for the document only: the body has two forms, which
// Resolve tells apart.
type confirmRequest struct {
	Fields map[string]string `json:"fields" doc:"by name, as next_action asks for them"`
}

type confirmInput struct {
	Idempotent
	ID           string `path:"id" maxLength:"64"`
	confirmation payment.Confirmation
}

func (a *API) confirmPayment(
	ctx context.Context, in *confirmInput,
) (*recorded[payment.Payment], error) {
	p, replayed, err := a.Payments.ConfirmPayment(ctx, in.ID, in.confirmation, in.Key)
	return a.changed(ctx, p, replayed, err)
}

// Resolve reads the body, which huma leaves alone here.
func (in *confirmInput) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	contentType := r.Header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(contentType)
	in.confirmation.Fields = map[string]string{}

	switch {
	// Without a type it is JSON, as for every other call.
	case contentType == "", media == "application/json":
		return in.readJSON(http.MaxBytesReader(w, r.Body, maxJSON))
	case err == nil && media == "multipart/form-data" && params["boundary"] != "":
		form := http.MaxBytesReader(w, r.Body, maxForm)
		return in.readForm(multipart.NewReader(form, params["boundary"]))
	default:
		return []error{newProblem(http.StatusUnsupportedMediaType, codeMediaType, "")}
	}
}

// readJSON reads {"fields": {…}}, and reports everything else that it holds.
func (in *confirmInput) readJSON(body io.Reader) []error {
	data, err := io.ReadAll(body)
	if err != nil {
		return []error{unreadable(err)}
	}
	var parsed any
	if err := unmarshal(data, &parsed); err != nil {
		return []error{newProblem(http.StatusBadRequest, codeMalformed, err.Error())}
	}

	var wrong []sdk.Violation
	add := func(field, message string) {
		wrong = append(wrong, sdk.Violation{Field: field, Message: message})
	}
	object, ok := parsed.(map[string]any)
	if !ok {
		add("body", "must be an object"+given(parsed))
	}

	for name := range object {
		if name != "fields" {
			add(name, "is not known here")
		}
	}

	// All that is wrong is reported at once, as huma does for other bodies.
	fields, ok := object["fields"].(map[string]any)
	if !ok {
		add("fields", "must be an object of strings")
	}

	for name, value := range fields {
		text, ok := value.(string)
		if !ok {
			add("fields."+name, "must be a string"+given(value))
		}
		in.confirmation.Fields[name] = text
	}

	return found(wrong)
}

// readForm reads a form part by part: one that is too large is refused before
// it is in memory.
func (in *confirmInput) readForm(form *multipart.Reader) []error {
	for count := 0; ; count++ {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return []error{unreadable(err)}
		}

		// The bound on bytes leaves room for a great many empty parts.
		if count >= maxParts {
			return []error{tooLarge("a form may have at most %d parts", maxParts)}
		}
		if problem := in.readPart(part); problem != nil {
			return []error{problem}
		}
	}
}

func (in *confirmInput) readPart(part *multipart.Part) error {
	name, isFile := part.FormName(), part.FileName() != ""
	if name == "" {
		return newProblem(
			http.StatusBadRequest,
			codeMalformed,
			"a part of the form has no name",
		)
	}

	most := maxValue
	if isFile {
		most = sdk.MaxAttachment
	}

	// One byte more than is allowed tells that there is too much.
	content, err := io.ReadAll(io.LimitReader(part, int64(most)+1))
	if err != nil {
		return unreadable(err)
	}
	if len(content) > most {
		return tooLarge("the part %q is larger than %d bytes", name, most)
	}

	// A file may hold any bytes; names and values go into JSON.
	if !utf8.ValidString(name) || (!isFile && !utf8.Valid(content)) {
		return newProblem(
			http.StatusBadRequest,
			codeMalformed,
			"a part of the form is not UTF-8",
		)
	}

	if _, twice := in.confirmation.Fields[name]; twice {
		return newProblem(
			http.StatusBadRequest,
			codeMalformed,
			fmt.Sprintf("the form has the field %q twice", name),
		)
	}

	if !isFile {
		in.confirmation.Fields[name] = string(content)
		return nil
	}

	in.confirmation.Attachments = append(in.confirmation.Attachments, sdk.Attachment{
		Field:     name,
		Filename:  plainName(part.FileName()),
		MediaType: mediaType(part.Header.Get("Content-Type"), content),
		Content:   content,
	})

	return nil
}

// plainName keeps only the name of a file: no folders, and no characters that
// could break a header at the provider.
func plainName(name string) string {
	// Browsers on Windows have sent whole paths.
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == ".." || name == "/" {
		return "file"
	}

	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '"' || r == unicode.ReplacementChar {
			return '_'
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > maxFileName {
		name = string(runes[len(runes)-maxFileName:]) // the end has the extension
	}

	return name
}

// mediaType returns the type that the customer's program gave a file, or the
// one that its content looks like.
func mediaType(said string, content []byte) string {
	media, _, err := mime.ParseMediaType(said)
	if err == nil && media != "application/octet-stream" {
		return media
	}
	media, _, _ = strings.Cut(http.DetectContentType(content), ";")
	return media
}

func tooLarge(format string, args ...any) *problem {
	return newProblem(
		http.StatusRequestEntityTooLarge,
		codeTooLarge,
		fmt.Sprintf(format, args...),
	)
}

// unreadable is for a body that could not be read to its end.
func unreadable(err error) *problem {
	var limit *http.MaxBytesError
	if errors.As(err, &limit) {
		return tooLarge("the body is larger than %d MiB", limit.Limit>>20)
	}
	return newProblem(
		http.StatusBadRequest,
		codeMalformed,
		"the body did not arrive whole, or is not a form",
	)
}
