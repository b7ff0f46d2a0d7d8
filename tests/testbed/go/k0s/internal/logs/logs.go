// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package logs writes lines in the form of the original's logger.
package logs

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Verbose shows lines at level info too: long-running commands do.
var Verbose bool

// Fields are shown after the message, sorted by name.
type Fields map[string]any

func plain(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+", r)
	})
}

func quote(s string) string {
	if plain(s) {
		return s
	}
	return strconv.Quote(s)
}

func line(level, message string, fields Fields) {
	if level == "info" && !Verbose {
		return
	}
	text := fmt.Sprintf("time=%q level=%s msg=%s", time.Now().UTC().Format("2006-01-02 15:04:05"), level, quote(message))
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text += " " + name + "=" + quote(fmt.Sprint(fields[name]))
	}
	fmt.Fprintln(os.Stderr, text)
}

// Info logs at level info.
func Info(message string, fields ...Fields) { line("info", message, join(fields)) }

// Warn logs at level warning.
func Warn(message string, fields ...Fields) { line("warning", message, join(fields)) }

// Error logs at level error.
func Error(message string, fields ...Fields) { line("error", message, join(fields)) }

// Fatal logs at level fatal and ends the process with 1.
func Fatal(message string) {
	line("fatal", message, nil)
	os.Exit(1)
}

func join(all []Fields) Fields {
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

// Pipe gives a writer whose lines are logged, one by one, as those of a component.
func Pipe(component, stream string) *os.File {
	r, w, err := os.Pipe()
	if err != nil {
		return os.Stderr
	}
	go func() {
		defer r.Close()
		in := bufio.NewReaderSize(r, 16*1024)
		for {
			text, err := in.ReadString('\n')
			if text = strings.TrimRight(text, "\n"); text != "" {
				Info(text, Fields{"component": component, "stream": stream})
			}
			if err == io.EOF || err != nil {
				return
			}
		}
	}()
	return w
}
