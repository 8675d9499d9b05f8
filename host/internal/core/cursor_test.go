package core_test

import (
	"testing"

	"github.com/payhost/payhost/host/internal/core"
)

func TestACursorIsAnIDOfItsList(t *testing.T) {
	for cursor, want := range map[string]bool{
		"": true, core.NewID("pay"): true,
		"zzz": false, "pay_": false, core.NewID("po"): false, core.NewID("pay") + "x": false, core.NewID("pay")[1:]: false,
		"pay_0000000000000000000000000\x00": false, "pay_UUUUUUUUUUUUUUUUUUUUUUUUUU": false,
	} {
		if wrong := core.CheckCursor("pay", cursor); (len(wrong) == 0) != want {
			t.Errorf("%q: %v", cursor, wrong)
		}
	}
}
