// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"lightk8s.invalid/testbed/k3s/internal/args"
)

// encrypt runs a secrets-encrypt command.
func encrypt(t *args.ToolOptions, name string, out io.Writer) error {
	if name == "status" {
		var state EncryptionState
		if err := call(t, http.MethodGet, PathEncryptStatus, nil, &state); err != nil {
			return err
		}
		return printEncryption(state, t.Output, out)
	}
	yes, no, stage := true, false, name
	request := EncryptionRequest{Force: t.Force, Skip: t.Skip}
	var done string
	switch name {
	case "enable":
		request.Enable, done = &yes, "secrets-encryption enabled"
	case "disable":
		request.Enable, done = &no, "secrets-encryption disabled"
	case "rotate-keys":
		stage = "rotate_keys"
		request.Stage, done = &stage, "keys rotated, reencryption started"
	case "reencrypt":
		stage = "reencrypt_request"
		request.Stage, done = &stage, "reencryption started"
	default:
		request.Stage, done = &stage, name+" completed successfully"
	}
	if err := call(t, http.MethodPut, PathEncryptConfig, request, nil); err != nil {
		return err
	}
	fmt.Fprintln(out, done)
	return nil
}

func printEncryption(state EncryptionState, format string, out io.Writer) error {
	switch format {
	case "json":
		return json.NewEncoder(out).Encode(state)
	case "text":
	default:
		return fmt.Errorf("invalid output format: %s", format)
	}
	if state.Enable == nil {
		fmt.Fprintln(out, "Encryption Status: Disabled, no configuration file found")
		return nil
	}
	word := "Disabled"
	if *state.Enable {
		word = "Enabled"
	}
	fmt.Fprintf(out, "Encryption Status: %s\nCurrent Rotation Stage: %s\n", word, state.Stage)
	hashes := "All hashes match"
	if !state.HashMatch {
		hashes = state.HashError
	}
	fmt.Fprintf(out, "Server Encryption Hashes: %s\n\n", hashes)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "Active\tKey Type\tName\n------\t--------\t----\n")
	row := func(mark, key string) {
		kind, name, _ := strings.Cut(key, " ")
		fmt.Fprintf(w, " %s\t%s\t%s\n", mark, kind, name)
	}
	if state.ActiveKey != "" {
		row("*", state.ActiveKey)
	}
	for _, key := range state.InactiveKeys {
		row("", key)
	}
	return w.Flush()
}

// encryptionConfig is the part of a Kubernetes EncryptionConfiguration that the status shows.
type encryptionConfig struct {
	Resources []struct {
		Providers []struct {
			AESCBC    *keyList  `json:"aescbc"`
			SecretBox *keyList  `json:"secretbox"`
			Identity  *struct{} `json:"identity"`
		} `json:"providers"`
	} `json:"resources"`
}

type keyList struct {
	Keys []struct {
		Name string `json:"name"`
	} `json:"keys"`
}

// ReadEncryption reads the encryption files of a server's data folder. The caller compares servers
// and sets HashMatch and HashError.
func ReadEncryption(dataDir string) (EncryptionState, error) {
	var state EncryptionState
	raw, err := os.ReadFile(filepath.Join(dataDir, "server", "cred", "encryption-config.json"))
	if errors.Is(err, os.ErrNotExist) {
		return state, nil
	}
	if err != nil {
		return state, err
	}
	var config encryptionConfig
	if err := json.Unmarshal(raw, &config); err != nil {
		return state, err
	}
	if len(config.Resources) == 0 || len(config.Resources[0].Providers) == 0 {
		return state, errors.New("the encryption configuration has no provider")
	}
	providers := config.Resources[0].Providers
	// The first provider writes: with identity in front nothing is encrypted any more.
	enabled := providers[0].Identity == nil
	var keys []string
	for _, p := range providers {
		for kind, list := range map[string]*keyList{"AES-CBC": p.AESCBC, "XSalsa20-POLY1305": p.SecretBox} {
			if list == nil {
				continue
			}
			for _, k := range list.Keys {
				keys = append(keys, kind+" "+k.Name)
			}
		}
	}
	state.Enable, state.Stage, state.HashMatch = &enabled, encryptionStage(dataDir), true
	if enabled && len(keys) > 0 {
		state.ActiveKey, keys = keys[0], keys[1:]
	}
	state.InactiveKeys = keys
	return state, nil
}

// encryptionStage reads the state file: a JSON string of stage and hash with a dash between.
func encryptionStage(dataDir string) string {
	raw, err := os.ReadFile(filepath.Join(dataDir, "server", "cred", "encryption-state.json"))
	var text string
	if err != nil || json.Unmarshal(raw, &text) != nil {
		return "start"
	}
	stage, _, _ := strings.Cut(text, "-")
	return stage
}

// EncryptionStatusHandler serves PathEncryptStatus.
func EncryptionStatusHandler(state func() (EncryptionState, error)) http.Handler {
	return handle(http.MethodGet, func(*struct{}) (any, error) { return state() })
}
