package wire

import (
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// FuzzEscapeInvalid: a query that could be carried stays as it is, and any
// becomes one that can be.
func FuzzEscapeInvalid(f *testing.F) {
	f.Add("a=1&b=%20")
	f.Add("a=\xe9&b=é\xff")
	f.Fuzz(func(t *testing.T, query string) {
		w := &pb.HTTPRequest{Query: escapeInvalid(query)}
		if _, err := proto.Marshal(w); err != nil {
			t.Fatal(err)
		}
		if again := escapeInvalid(w.Query); again != w.Query {
			t.Fatalf("%q became %q", w.Query, again)
		}
	})
}
