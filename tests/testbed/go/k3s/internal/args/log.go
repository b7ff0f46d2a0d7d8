// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Log writes one line in the form of K3s' logs.
func Log(w io.Writer, level, message string) {
	fmt.Fprintf(w, "time=%q level=%s msg=%s\n", time.Now().Format(time.RFC3339), level, quoted(message))
}

func quoted(text string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-._/@^+", r)
	}
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return !safe(r) }) {
		return strconv.Quote(text)
	}
	return text
}
