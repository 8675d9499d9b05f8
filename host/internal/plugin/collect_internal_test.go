package plugin

import (
	"slices"
	"testing"
)

func TestTheOperatorSaysHowOftenPluginsCollectGarbage(t *testing.T) {
	for given, want := range map[string]string{
		"":    "GOGC=400",
		"150": "GOGC=150",
		"off": "GOGC=off",
	} {
		t.Setenv("GOGC", given)
		if env := environment(Spec{}, t.TempDir()); !slices.Contains(env, want) {
			t.Errorf("GOGC=%q: the plugin's environment is %v", given, env)
		}
	}
}
