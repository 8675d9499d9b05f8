package sim

import (
	_ "embed"
	"html/template"
	"net/http"
)

// Page is a page on which the customer pays or gives up. Its form posts to its
// own address: the field result has the value of the button that was pressed.
type Page struct {
	Provider string // its name, for people
	Mode     string // what kind of payment it is, where there are several
	Amount   string
	Currency string
	Rows     []Row
	Open     bool // whether there is something to press
	Back     bool // whether a page that is no longer open leads back to the shop
	// Cards are to choose from, in the field card.
	Cards []Row
	// Pay and Cancel are the values of the buttons; "pay" and "cancel" when
	// empty.
	Pay, Cancel string
}

// Row is a name and a value.
type Row struct{ Name, Value string }

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// Show sends the page.
func (p Page) Show(w http.ResponseWriter) {
	if p.Pay == "" {
		p.Pay = "pay"
	}
	if p.Cancel == "" {
		p.Cancel = "cancel"
	}

	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().
		Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = page.Execute(w, p) // a browser that went away needs no page
}
