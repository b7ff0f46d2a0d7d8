// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package token

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	hash := strings.Repeat("a", 64)
	for _, c := range []struct{ text, hash, user, password, err string }{
		{"secret", "", "node", "secret", ""},
		{"a:b", "", "node", "a:b", ""},
		{" secret\n", "", "node", "secret", ""},
		{"K10" + hash + "::server:pw:x", hash, "server", "pw:x", ""},
		{"K10" + hash + "::abcdef.0123456789abcdef", hash, "node", "abcdef.0123456789abcdef", ""},
		{"abcdef.0123456789abcdef", "", "node", "abcdef.0123456789abcdef", ""},
		{"", "", "", "", "token must not be empty"},
		{"K10abc::server:pw", "", "", "", "invalid token CA hash length"},
		{"K10" + hash, "", "", "", "invalid token format"},
		{"K10" + hash + "::nothing", "", "", "", "invalid token format"},
	} {
		got, err := Parse(c.text, "node")
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%q: %v", c.text, err)
			}
			continue
		}
		if err != nil || *got != (Token{c.hash, c.user, c.password}) {
			t.Errorf("%q: %+v %v", c.text, got, err)
		}
	}
}

func TestDialRefusesOtherSchemes(t *testing.T) {
	_, err := Dial("http://127.0.0.1:1", "x", "node", t.Logf)
	if err == nil || !strings.Contains(err.Error(), "only https:// URLs are supported") {
		t.Error(err)
	}
}
