// Package contract proves that the contract cannot be broken unnoticed: it
// breaks a copy of it in every way that counts, and makes sure that `buf
// breaking`, as `make verify` runs it, refuses each.
package contract

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	top      = "../.."
	protos   = "sdk/proto/payhost/provider/v1"
	released = "sdk/proto/released/v1.binpb"
	// digest is of the released descriptor. Plugins that nobody can rebuild
	// were made from it, so it never changes: what v1 gained since is released
	// as another file beside it.
	digest = "fc090a9862adbcc455a8ec96f98cda872fd9ea030cab14e1fbddc44737f6d414"
)

// buf returns the path of the program, which the go command builds when it
// must.
func buf(t *testing.T) string {
	t.Helper()
	path, err := exec.CommandContext(t.Context(), "go", "tool", "-n", "buf").Output()
	if err != nil {
		t.Fatal(err)
	}

	program := strings.TrimSpace(string(path))
	if out, err := exec.CommandContext(t.Context(), "go", "tool", "buf", "--version").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	return program
}

// changed returns a copy of the contract in which old is replaced by a new
// text, in one file.
func changed(t *testing.T, file, old, replacement string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "sdk", "proto"), os.DirFS(filepath.Join(top, "sdk", "proto"))); err != nil {
		t.Fatal(err)
	}

	for name, edit := range map[string]func(string) string{
		"buf.yaml": func(text string) string { return text },
		filepath.Join(protos, file): func(text string) string {
			if strings.Count(text, old) != 1 {
				t.Fatalf("%s has %q %d times", file, old, strings.Count(text, old))
			}
			return strings.Replace(text, old, replacement, 1)
		},
	} {
		text, err := os.ReadFile(filepath.Join(top, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(edit(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	return root
}

// breaking returns what buf has against the contract in a folder, "" when it
// has nothing.
func breaking(t *testing.T, program, root string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "breaking", "--against", released)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}

	if err == nil && len(out) > 0 {
		t.Fatalf("it complains and succeeds: %s", out)
	}

	return string(out)
}

func TestWhatBreaksTheContractIsRefused(t *testing.T) {
	program := buf(t)
	for _, c := range []struct{ name, file, old, replacement string }{
		{"a field is deleted", "payout.proto", "  Recipient recipient = 10;\n", ""},
		{"and its number reserved", "payout.proto", "  Recipient recipient = 10;\n", "  reserved 10;\n  reserved \"recipient\";\n"},
		{"a field is renamed", "money.proto", "string amount = 1;", "string value = 1;"},
		{"a field has another number", "money.proto", "string currency = 2;", "string currency = 3;"},
		{"an amount becomes a float", "money.proto", "string amount = 1;", "double amount = 1;"},
		{"one becomes many", "payment.proto", "  Money paid = 6;", "  repeated Money paid = 6;"},
		{"presence is lost", "info.proto", "optional int32 decimals = 4;", "int32 decimals = 4;"},
		{"text becomes bytes", "webhook.proto", "string query = 2;", "bytes query = 2;"},
		{"an enum value is deleted", "payment.proto", "  PAYMENT_STATUS_EXPIRED = 7;\n", ""},
		{"an enum value is renamed", "error.proto", "CODE_DECLINED = 4;", "CODE_REFUSED = 4;"},
		{"enum values change places", "error.proto", "OUTCOME_REFUSED = 2;", "OUTCOME_REFUSED = 4;"},
		{"a verb is deleted", "provider.proto", "  rpc GetBalances(GetBalancesRequest) returns (GetBalancesResponse);\n", ""},
		{"a verb takes another message", "provider.proto", "rpc GetRefund(GetRefundRequest)", "rpc GetRefund(GetPaymentRequest)"},
		{"a verb becomes a stream", "provider.proto", "returns (ListPaymentsResponse)", "returns (stream ListPaymentsResponse)"},
		{"a message is deleted", "payment.proto", "message Attachment {", "message File {"},
		{"the package is another", "money.proto", "package payhost.provider.v1;", "package payhost.provider.v2;"},
		{"the generated code of another language moves", "money.proto", "option java_multiple_files = true;\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if breaking(t, program, changed(t, c.file, c.old, c.replacement)) == "" {
				t.Error("buf has nothing against it")
			}
		})
	}
}

// The contract can grow: these are the ways, and plugins of the released
// version live with them.
func TestWhatTheContractMayGainIsNotRefused(t *testing.T) {
	program := buf(t)
	for _, c := range []struct{ name, file, old, replacement string }{
		{"nothing", "money.proto", "string amount = 1;", "string amount = 1;"},
		{"a comment", "money.proto", "message Money {", "// More words.\nmessage Money {"},
		{"a field", "payment.proto", "  repeated Receipt receipts = 8;\n", "  repeated Receipt receipts = 8;\n  Money captured = 100;\n"},
		{"an enum value", "error.proto", "  CODE_INTERNAL = 13;\n", "  CODE_INTERNAL = 13;\n  CODE_BLOCKED = 14;\n"},
		{"a verb", "provider.proto", "  // GetBalances asks", "  // ListBalances is new.\n  rpc ListBalances(GetBalancesRequest) returns (GetBalancesResponse);\n  // GetBalances asks"},
		{"a message", "balance.proto", "// Balance is", "// Fee is new.\nmessage Fee {\n  Money amount = 1;\n}\n\n// Balance is"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if said := breaking(t, program, changed(t, c.file, c.old, c.replacement)); said != "" {
				t.Error(said)
			}
		})
	}
}

func TestTheReleasedContractIsAFact(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(top, released))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	if got := hex.EncodeToString(sum[:]); got != digest {
		t.Errorf(
			"%s has the digest %s: it was released with %s and is never built again",
			released,
			got,
			digest,
		)
	}
}
