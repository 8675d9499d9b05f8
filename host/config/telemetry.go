package config

import "net/url"

// checkTelemetry checks [telemetry].
func (c *Config) checkTelemetry(problems *report) {
	if c.Telemetry.OTLP == "" || problems.unread("telemetry.otlp") {
		return
	}
	at, err := url.Parse(c.Telemetry.OTLP)
	if err != nil || at.Host == "" || (at.Scheme != "http" && at.Scheme != "https") {
		problems.check("telemetry.otlp", "must be a URL such as \"http://127.0.0.1:4318\"")
	}
}
