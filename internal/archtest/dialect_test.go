package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// dialect is the names that every plugin has for the same thing, by the file in
// which it stands and in the order in which it stands there. A plugin has those
// that its provider needs; other names are its provider's own.
var dialect = map[string][]string{
	"main.go": {"version", "main"},
	"config.go": {
		"config",    // what the operator writes
		"Addresses", // sdk.Addresser
		"Validate",  // what the tags cannot express
	},
	"provider.go": {
		"provider", "newProvider",
		"Info", "limits", "DescribeAccount", "CheckHealth",
		// The verbs: methods, payments, refunds, payouts, the account.
		"ListPaymentMethods", "TakesCurrency",
		"CreatePayment", "ConfirmPayment", "CapturePayment", "CancelPayment",
		"GetPayment", "ListPayments",
		"CreateRefund", "GetRefund",
		"CreatePayout", "GetPayout", "ListPayouts",
		"GetBalances", "InvokeOperation",
	},
	"client.go": {
		"newClient",    // the addresses, the headers, what is secret in them
		"do",           // the one place that sends
		"readAnswer",   // tells a success from an error
		"codes",        // the provider's error codes
		"messageCodes", // its messages, where it has no codes
		"refusal",      // what an error means
	},
	"types.go": {
		"answer", // what every answer has
		"paymentStatuses", "payoutStatuses", "refundStatuses",
	},
	"signature.go": {
		"requestSignature", "payoutSignature", // what we sign
		"verify", "verifyReturn", // what the provider signs
	},
	"webhook.go": {
		"webhook", // the content of one
		"ParseWebhook",
		"events", // what a webhook says, verified or not
		"ParseReturn",
	},
}

// dialectMust are the names that no plugin can do without.
var dialectMust = []string{
	"version", "main", "config", "provider", "newProvider", "Info",
	"newClient", "do", "readAnswer", "ParseWebhook",
}

// dialectTables are the names of tables by the type of what they hold.
var dialectTables = map[string]string{
	"sdk.PaymentStatus":         "paymentStatuses",
	"sdk.PayoutStatus":          "payoutStatuses",
	"sdk.RefundStatus":          "refundStatuses",
	"sdk.Code":                  "codes",
	"providerhttp.MessageCodes": "messageCodes",
}

// providerFields are the first fields of every provider; what an account
// remembers follows.
var providerFields = []string{"cfg", "client", "rt"}

const dialectReason = "plugins are alike inside, so that a reader of one finds everything in the next"

// providerDialect holds every plugin to the dialect, the reference included.
func providerDialect(sources []source) []offence {
	var found []offence
	all := plugins(sources)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		folder := "plugins/" + name
		declared := map[string]bool{}

		for _, s := range all[name] {
			if s.test || s.dir != folder {
				continue
			}
			names := topLevel(s.text)
			for _, declaredName := range names {
				declared[declaredName] = true
			}
			found = append(found, misplaced(s.path, names)...)
			found = append(found, misnamed(s.path, s.text)...)
		}

		for _, must := range dialectMust {
			if !declared[must] {
				found = append(found, offence{folder, "declares no " + must, dialectReason})
			}
		}
	}

	return found
}

// misplaced finds names that stand in another file than the dialect's, or out of
// its order.
func misplaced(file string, names []string) (found []offence) {
	here := dialect[path.Base(file)]
	last := -1
	for _, name := range names {
		at := slices.Index(here, name)
		if at < 0 {
			if home := fileOf(name); home != "" {
				found = append(found, offence{file, name + " belongs into " + home, dialectReason})
			}
			continue
		}
		if at < last {
			found = append(found, offence{file, name + " is to stand before " + here[last], dialectReason})
		}
		last = max(last, at)
	}
	return found
}

// fileOf returns the file of a name of the dialect, "" for others.
func fileOf(name string) string {
	for _, file := range providerFiles {
		if slices.Contains(dialect[file], name) {
			return file
		}
	}
	return ""
}

// topLevel returns the names that a file declares, in their order: of a method
// without its receiver, and only the provider's, events and the config's.
func topLevel(text string) (names []string) {
	for _, decl := range declarations(text) {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil || isDialectMethod(decl) {
				names = append(names, decl.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				names = append(names, specNames(spec)...)
			}
		}
	}
	return names
}

// isDialectMethod leaves out the methods of other types: an answer may be a
// refusal, and a resource a payment, by any name.
func isDialectMethod(method *ast.FuncDecl) bool {
	of := method.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	receiver, ok := of.(*ast.Ident)
	return ok && slices.Contains([]string{"provider", "config", "webhook"}, receiver.Name)
}

func specNames(spec ast.Spec) (names []string) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		names = append(names, spec.Name.Name)
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

// misnamed finds tables under other names, and a provider with other fields.
func misnamed(file, text string) (found []offence) {
	for _, decl := range declarations(text) {
		general, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}

		for _, spec := range general.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				want := dialectTables[holds(spec)]
				if want != "" && spec.Names[0].Name != want {
					found = append(found, offence{
						file, spec.Names[0].Name + " is to be called " + want, dialectReason,
					})
				}
			case *ast.TypeSpec:
				if spec.Name.Name == "provider" && !hasProviderFields(spec) {
					found = append(found, offence{
						file,
						"provider does not begin with " + strings.Join(providerFields, ", "),
						dialectReason,
					})
				}
			}
		}
	}
	return found
}

// holds returns the type of a table's values, as a file writes it; "" for what is
// not a table.
func holds(spec *ast.ValueSpec) string {
	if len(spec.Values) != 1 {
		return ""
	}
	literal, ok := spec.Values[0].(*ast.CompositeLit)
	if !ok {
		return ""
	}

	of := literal.Type
	if table, ok := of.(*ast.MapType); ok {
		of = table.Value
	}
	selector, ok := of.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	from, ok := selector.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return from.Name + "." + selector.Sel.Name
}

func hasProviderFields(spec *ast.TypeSpec) bool {
	fields, ok := spec.Type.(*ast.StructType)
	if !ok {
		return false
	}

	var names []string
	for _, field := range fields.Fields.List {
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
	}
	return len(names) >= len(providerFields) &&
		slices.Equal(names[:len(providerFields)], providerFields)
}

// declarations are those of a file, none of one that does not compile.
func declarations(text string) []ast.Decl {
	parsed, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	return parsed.Decls
}

func TestProviderDialect(t *testing.T) { check(t, providerDialect) }

// A new plugin speaks it from its first day.
func TestScaffoldSpeaksTheDialect(t *testing.T) {
	var sources []source
	for _, file := range providerFiles {
		text, err := os.ReadFile("../../host/internal/scaffold/template/" + file + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		made, err := parse("plugins/acme/"+file, string(text))
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, made)
	}

	for _, o := range providerDialect(sources) {
		t.Error(o)
	}
}

func TestProviderDialectBites(t *testing.T) {
	whole := map[string]string{
		"plugins/acme/main.go":     "package p\n\nvar version = 1\n\nfunc main() {}\n",
		"plugins/acme/config.go":   "package p\n\ntype config struct{}\n",
		"plugins/acme/provider.go": "package p\n\ntype provider struct{ cfg, client, rt, known int }\n\nfunc newProvider() {}\n\nfunc (*provider) Info() {}\n",
		"plugins/acme/client.go":   "package p\n\nfunc newClient() {}\n\nfunc (*provider) do() {}\n\nfunc readAnswer() {}\n",
		"plugins/acme/webhook.go":  "package p\n\nfunc (*provider) ParseWebhook() {}\n\nfunc (w *webhook) events() {}\n",
	}

	for _, c := range []struct {
		name, path, more string
		want             []string
	}{
		{name: "as it should be"},
		{name: "names of its own", path: "client.go", more: "func sign() {}\n\nfunc (a *answer) do() {}\n"},
		{name: "another file", path: "types.go", more: "func refusal() {}\n", want: []string{"refusal belongs into client.go"}},
		{name: "another order", path: "webhook.go", more: "type webhook struct{}\n", want: []string{"webhook is to stand before events"}},
		{name: "a table by another name", path: "types.go", more: "var words = map[string]sdk.PaymentStatus{}\n", want: []string{"words is to be called paymentStatuses"}},
		{name: "messages by another name", path: "client.go", more: "var words = providerhttp.MessageCodes{}\n", want: []string{"words is to be called messageCodes"}},
		{name: "the table", path: "client.go", more: "var codes = map[string]sdk.Code{}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(whole)
			if c.path != "" {
				file := "plugins/acme/" + c.path
				if files[file] == "" {
					files[file] = "package p\n"
				}
				files[file] += "\n" + c.more
			}
			wantDialect(t, files, c.want)
		})
	}

	t.Run("a name is missing", func(t *testing.T) {
		files := maps.Clone(whole)
		files["plugins/acme/main.go"] = "package p\n\nfunc main() {}\n"
		wantDialect(t, files, []string{"declares no version"})
	})
	t.Run("other fields", func(t *testing.T) {
		files := maps.Clone(whole)
		changed := strings.Replace(files["plugins/acme/provider.go"], "cfg, client", "cfg, http", 1)
		files["plugins/acme/provider.go"] = changed
		wantDialect(t, files, []string{"provider does not begin with cfg, client, rt"})
	})
}

func wantDialect(t *testing.T, files map[string]string, want []string) {
	t.Helper()
	var got []string
	for _, o := range providerDialect(tree(t, files)) {
		got = append(got, o.what)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
