// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const commandWords = "server agent kubectl crictl ctr check-config token etcd-snapshot secrets-encrypt certificate completion help"

// completion prints a shell completion script, or adds a line to the shell's start file.
func completion(shell string, install bool, out io.Writer) error {
	if install {
		return installCompletion(shell)
	}
	script := "complete -W '%s' k3s\n"
	if shell == "zsh" {
		script = "#compdef k3s\ncompdef '_arguments \"1:command:(%s)\"' k3s\n"
	}
	_, err := fmt.Fprintf(out, script, commandWords)
	return err
}

func installCompletion(shell string) error {
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	path := filepath.Join(home, "."+shell+"rc")
	line := fmt.Sprintf("source <(k3s completion %s)\n", shell)
	if raw, err := os.ReadFile(path); err == nil && strings.Contains(string(raw), line) {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(line)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
