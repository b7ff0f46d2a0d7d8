// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package logs writes lines in the form of the original: logfmt with time, level and msg.
package logs

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

func line(level, format string, a []any) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%s\n",
		time.Now().UTC().Format(time.RFC3339), level, strconv.Quote(fmt.Sprintf(format, a...)))
}

// Info logs at level info.
func Info(format string, a ...any) { line("info", format, a) }

// Warn logs at level warning.
func Warn(format string, a ...any) { line("warning", format, a) }

// Error logs at level error.
func Error(format string, a ...any) { line("error", format, a) }

// Fatal logs at level fatal and ends the process with 1.
func Fatal(format string, a ...any) {
	line("fatal", format, a)
	os.Exit(1)
}
