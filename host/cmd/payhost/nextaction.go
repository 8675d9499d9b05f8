package main

import (
	"fmt"
	"strings"

	"github.com/payhost/payhost/host/payment"
)

// showAction prints the customer's next step.
func (a *app) showAction(id string, n *payment.NextAction) {
	switch n.Type {
	case "redirect":
		a.heading("next: send the customer to")
		a.indented(n.URL)
		if n.Method != "" && n.Method != "GET" {
			a.indented("with " + n.Method + " and the form fields")
		}

		a.actionFields(n.Fields)

	case "display":
		a.heading("next: show the customer")
		a.indented(n.Instructions)
		a.actionFields(n.Fields)

	case "confirm":
		a.confirmAction(id, n.Fields)
	default:
		a.heading("next: " + printable(n.Type))
		a.indented(n.URL)
		a.indented(n.Instructions)
		a.actionFields(n.Fields)
	}

	// A redirect or a display may also end with a confirmation.
	if n.Confirm != nil {
		a.confirmAction(id, n.Confirm.Fields)
	}
}

func (a *app) actionFields(list []payment.ActionField) {
	t := a.table()
	t.indent = "  "
	for _, f := range list {
		t.row(orElse(f.Label, f.Name), f.Value)
	}
	t.print()
}

// confirmAction prints the fields to ask the customer for, and the command that
// passes their values on.
func (a *app) confirmAction(id string, list []payment.ActionField) {
	a.heading("next: ask the customer for")
	rows := a.table("FIELD", "LABEL", "KIND", "REQUIRED")
	rows.indent = "  "
	command := "payhost payments confirm " + id

	for _, f := range list {
		required := "no"
		if f.Required {
			required = "yes"
		}
		rows.row(f.Name, f.Label, f.Kind, required)
		if f.Kind == "file" {
			command += fmt.Sprintf(" --attach %s=FILE", f.Name)
		} else {
			command += fmt.Sprintf(" --field %s=…", f.Name)
		}
	}

	// The command has a flag for each field, ready to be filled in.
	rows.print()
	a.indented(strings.TrimSpace(command) + " --idempotency-key …")
}
