package main

import (
	"path/filepath"
	"testing"

	"github.com/payhost/payhost/plugins/reference/simulator"
	"github.com/payhost/payhost/sdk/providertest"
)

// Calls as they were recorded: what goes over the wire must not change
// unnoticed. To record one anew, or another:
//
//	payhost plugin call bin/plugins/reference get_payment '{"payment":{"reference":"nope"}}' \
//		--record plugins/reference/testdata/get_payment_not_found.json --overwrite
func TestCallsAsRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("nothing is recorded", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			providertest.Replay(t, newProvider, simulator.New().Config, file)
		})
	}
}
