package host_test

import (
	"strings"
	"testing"

	"github.com/payhost/payhost/host"
)

func TestConfigBuiltInCodeHasNoPlaceForALock(t *testing.T) {
	if _, err := host.WriteLock(&host.Config{}); err == nil ||
		!strings.Contains(err.Error(), "built in code") {
		t.Errorf("err = %v", err)
	}
}
