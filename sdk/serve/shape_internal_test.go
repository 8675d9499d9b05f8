package serve

import (
	"reflect"
	"testing"

	"github.com/payhost/payhost/sdk/client"
)

func TestEveryVerbIsHeldToItsName(t *testing.T) {
	verbs := reflect.TypeFor[*client.Account]()
	for i := range verbs.NumMethod() {
		name := verbs.Method(i).Name
		if _, held := optional[name]; !held && name != "Call" {
			t.Errorf("a method that is called %s, and is not the verb, passes", name)
		}
	}
	for name, of := range optional {
		if of.NumMethod() != 1 || of.Method(0).Name != name {
			t.Errorf("%s does not have %s alone", of, name)
		}
	}
}
