package push_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/payhost/payhost/host/internal/storetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	code := storetest.OnBoth(m)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
