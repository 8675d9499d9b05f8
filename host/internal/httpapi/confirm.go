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
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// The bounds of a confirmation with files.
const (
	maxForm  = 12 << 20
	maxValue = 8 << 10
	maxParts = 64
)

// confirmRequest is only for the document: the body has two forms, which
// readConfirmation tells apart.
type confirmRequest struct {
	Fields map[string]string `json:"fields" doc:"by name, as next_action asks for them"`
}

type confirmInput struct {
	Idempotent
	ID           string `path:"id" maxLength:"64"`
	confirmation payment.Confirmation
}

// Resolve reads the body, which huma leaves alone here.
func (in *confirmInput) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))

	switch {
	case r.Header.Get("Content-Type") == "", media == "application/json":
		return in.readJSON(http.MaxBytesReader(w, r.Body, maxJSON))
	case err == nil && media == "multipart/form-data" && params["boundary"] != "":
		return in.readForm(
			multipart.NewReader(
				http.MaxBytesReader(w, r.Body, maxForm),
				params["boundary"],
			),
		)

	default:
		return []error{newProblem(http.StatusUnsupportedMediaType, codeMediaType, "")}
	}
}

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
	object, ok := parsed.(map[string]any)
	if !ok {
		wrong = append(
			wrong,
			sdk.Violation{Field: "body", Message: "must be an object" + given(parsed)},
		)
	}

	for name := range object {
		if name != "fields" {
			wrong = append(wrong, sdk.Violation{Field: name, Message: "is not known here"})
		}
	}

	fields, ok := object["fields"].(map[string]any)
	if !ok {
		wrong = append(
			wrong,
			sdk.Violation{Field: "fields", Message: "must be an object of strings"},
		)
	}

	in.confirmation.Fields = map[string]string{}
	for name, v := range fields {
		if in.confirmation.Fields[name], ok = v.(string); !ok {
			wrong = append(
				wrong,
				sdk.Violation{
					Field:   "fields." + name,
					Message: "must be a string" + given(v),
				},
			)
		}
	}

	return found(wrong)
}

// readForm reads a form part by part: what is too large is refused before it is
// in memory.
func (in *confirmInput) readForm(form *multipart.Reader) []error {
	in.confirmation.Fields = map[string]string{}
	for count := 0; ; count++ {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return []error{unreadable(err)}
		}

		if count >= maxParts {
			return []error{
				newProblem(
					http.StatusRequestEntityTooLarge,
					codeTooLarge,
					fmt.Sprintf("a form may have at most %d parts", maxParts),
				),
			}
		}

		if problem := in.readPart(part); problem != nil {
			return []error{problem}
		}
	}
}

func (in *confirmInput) readPart(part *multipart.Part) error {
	name := part.FormName()
	isFile := part.FileName() != ""
	most := maxValue
	if name == "" {
		return newProblem(
			http.StatusBadRequest,
			codeMalformed,
			"a part of the form has no name",
		)
	}

	if isFile {
		most = sdk.MaxAttachment
	}
	content, err := io.ReadAll(io.LimitReader(part, int64(most)+1))
	if err != nil {
		return unreadable(err)
	}

	if len(content) > most {
		return newProblem(
			http.StatusRequestEntityTooLarge,
			codeTooLarge,
			fmt.Sprintf("the part %q is larger than %d bytes", name, most),
		)
	}

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

// plainName keeps of a file's name what is a name: no folders, no characters
// that could break a header at the provider.
func plainName(name string) string {
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
	if r := []rune(name); len(r) > 100 {
		name = string(r[len(r)-100:])
	}

	return name
}

// mediaType returns what the customer's program says a file is, else what it
// looks like.
func mediaType(said string, content []byte) string {
	if media, _, err := mime.ParseMediaType(said); err == nil &&
		media != "application/octet-stream" {
		return media
	}
	media, _, _ := strings.Cut(http.DetectContentType(content), ";")
	return media
}

func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return newProblem(
			http.StatusRequestEntityTooLarge,
			codeTooLarge,
			fmt.Sprintf("the body is larger than %d MiB", tooLarge.Limit>>20),
		)
	}

	return newProblem(
		http.StatusBadRequest,
		codeMalformed,
		"the body did not arrive whole, or is not a form",
	)
}

func (a *API) confirmOperation(api huma.API) {
	o := operation(
		"confirm-payment",
		http.MethodPost,
		"/payments/{id}/confirm",
		"Payments",
		"Confirm a payment",
		"Hands over what the customer sent back: JSON, or a form with the same names and the file under its field's name. "+
			"A file may have 5 MiB, the form 12 MiB.",
		changeErrors...)

	huma.Register(
		api,
		o,
		func(ctx context.Context, in *confirmInput) (*recorded[payment.Payment], error) {
			p, replayed, err := a.Payments.ConfirmPayment(
				ctx,
				in.ID,
				in.confirmation,
				in.Key,
			)
			return a.changed(ctx, p, replayed, err)
		},
	)

	schemas := api.OpenAPI().Components.Schemas
	api.OpenAPI().Paths[o.Path].Post.RequestBody = &huma.RequestBody{
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
