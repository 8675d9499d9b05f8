package sdk

import (
	"encoding/json"
	"testing"
	"time"
	_ "time/tzdata" // this machine may have none
)

func TestTimeZone(t *testing.T) {
	for _, c := range []struct {
		zone TimeZone
		text string
		want time.Time
	}{
		{"UTC", "2023-06-30 13:59:24", time.Date(2023, 6, 30, 13, 59, 24, 0, time.UTC)},
		{"Asia/Shanghai", "2023-06-30 13:59:24", time.Date(2023, 6, 30, 5, 59, 24, 0, time.UTC)},
		{"", "2023-06-30 13:59:24", time.Time{}},
		{"Mars/Phobos", "2023-06-30 13:59:24", time.Time{}},
		{"UTC", "2023-06-30T13:59:24Z", time.Time{}},
		{"Asia/Shanghai", "", time.Time{}},
		{"UTC", "9999-12-31 23:59:59", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		{"America/New_York", "9999-12-31 23:59:59", time.Time{}},
		{"Asia/Shanghai", "0001-01-01 00:00:00", time.Time{}},
	} {
		if got := c.zone.Time(c.text); !got.Equal(c.want) || got.Location() != time.UTC {
			t.Errorf("%q in %q is %v, want %v", c.text, c.zone, got, c.want)
		}
	}
}

func TestTimeZoneInAConfiguration(t *testing.T) {
	type config struct {
		Zone TimeZone `config:"time_zone"`
	}
	cfg, err := decodeInput[config](json.RawMessage(`{"time_zone":"Asia/Shanghai"}`))
	if err != nil || cfg.Zone != "Asia/Shanghai" {
		t.Errorf("got %q, %v", cfg.Zone, err)
	}
	_, err = decodeInput[config](json.RawMessage(`{"time_zone":"Mars/Phobos"}`))
	wantProblems(t, err, "time_zone: must be the name of a time zone, such as Asia/Shanghai")
}

func TestUnixMilli(t *testing.T) {
	for text, want := range map[string]time.Time{
		"1585293811000":       time.Date(2020, 3, 27, 7, 23, 31, 0, time.UTC),
		"253402300799999":     time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC),
		"253402300800000":     {},
		"9223372036854775807": {},
		"0":                   {},
		"-1":                  {},
		"":                    {},
		"1.5":                 {},
		"yesterday":           {},
	} {
		if got := UnixMilli(text); !got.Equal(want) {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
