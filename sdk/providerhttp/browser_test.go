package providerhttp

import "testing"

func TestBrowserURL(t *testing.T) {
	for text, want := range map[string]bool{
		"https://pay.example/?id=1": true, "http://127.0.0.1:8080/p": true, "HTTPS://pay.example": true,
		"": false, "pay.example/x": false, "/x": false, "https:///x": false, "javascript:alert(1)": false,
		"https://bank.example@evil.example/": false, "upi://pay?pa=x": false, "https://pay.example/%zz": false,
		"https://pay.example/\n": false,
	} {
		if got := BrowserURL(text); got != want {
			t.Errorf("BrowserURL(%q) is %v", text, got)
		}
	}
}
