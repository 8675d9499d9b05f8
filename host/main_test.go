package host_test

import (
	"os"
	"testing"

	"github.com/payhost/payhost/host/internal/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.MainWithoutLeaks(m)) }
