// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package tokens keeps the files of tokens below credentials: one on each line, with the time of
// its end behind a bar if it has one.
package tokens

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

// The files.
const (
	Cluster     = "cluster-tokens.txt"
	Persistent  = "persistent-cluster-tokens.txt"
	Certificate = "certs-request-tokens.txt"
	Callback    = "callback-token.txt"
)

func path(file string) string { return snap.Data("credentials", file) }

// New is a random token of 32 digits.
func New() string {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return hex.EncodeToString(b)
}

// Append adds a line to a file.
func Append(file, line string) error {
	f, err := os.OpenFile(path(file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o660)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(line + "\n")
	return err
}

func lines(file string) []string {
	text, err := os.ReadFile(path(file))
	if err != nil {
		return nil
	}
	return strings.Split(string(text), "\n")
}

// find tells whether a token is good, and whether it has an end.
func find(token, file string) (good, ends bool) {
	if token == "" {
		return false, false
	}
	for _, line := range lines(file) {
		name, end, ends := strings.Cut(strings.TrimSpace(line), "|")
		if name != token {
			continue
		}
		if !ends {
			return true, false
		}
		at, err := strconv.ParseInt(end, 10, 64)
		return err == nil && time.Now().Before(time.Unix(at, 0)), true
	}
	return false, false
}

// Valid tells whether a token is good, without using it up.
func Valid(token, file string) bool {
	good, _ := find(token, file)
	return good
}

// Use tells whether a token is good, and uses one up that has no end.
func Use(token, file string) bool {
	good, ends := find(token, file)
	if good && !ends {
		kept := slices.DeleteFunc(lines(file), func(line string) bool { return strings.TrimSpace(line) == token })
		if os.WriteFile(path(file), []byte(strings.Join(kept, "\n")), 0o660) != nil {
			return false
		}
	}
	return good
}

// Own is the token by which other nodes may call this one; it is made when there is none.
func Own() (string, error) {
	if text, err := os.ReadFile(path(Callback)); err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	token := New() + New()
	return token, os.WriteFile(path(Callback), []byte(token+"\n"), 0o600)
}
