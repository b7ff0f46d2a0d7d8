// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package klog writes lines in the form of the original's logger, with the places that it names.
package klog

import (
	"fmt"
	"io"
	"os"
	"time"
)

var out io.Writer = os.Stderr

func line(level byte, place, format string, args []any) {
	now := time.Now()
	fmt.Fprintf(out, "%c%s %7d %s] %s\n", level, now.Format("0102 15:04:05.000000"), os.Getpid(), place, fmt.Sprintf(format, args...))
}

// Info logs at level info.
func Info(place, format string, args ...any) { line('I', place, format, args) }

// Warn logs at level warning.
func Warn(place, format string, args ...any) { line('W', place, format, args) }

// Error logs at level error.
func Error(place, format string, args ...any) { line('E', place, format, args) }

// Exit logs at level fatal and ends the process with 1.
func Exit(place, format string, args ...any) {
	line('F', place, format, args)
	os.Exit(1)
}

// Panic ends the process as a panic of the original does: with 2.
func Panic(format string, args ...any) {
	fmt.Fprintf(out, "panic: "+format+"\n\ngoroutine 1 [running]:\n", args...)
	os.Exit(2)
}
