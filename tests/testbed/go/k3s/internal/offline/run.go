// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package offline implements the commands of the k3s stand-in that are not the node itself: they
// read and write files, or ask the API or the supervisor of the running server.
package offline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"lightk8s.invalid/testbed/k3s/internal/args"
	"lightk8s.invalid/testbed/k3s/internal/logs"
	"lightk8s.invalid/testbed/k3s/internal/token"
)

// Run executes a parsed command that is neither a node nor a pass-through tool.
func Run(ctx context.Context, cmd *args.Command, out io.Writer) error {
	t := cmd.Tool
	switch cmd.Path {
	case args.PathHelp:
		_, err := io.WriteString(out, cmd.Help)
		return err
	case "completion bash", "completion zsh":
		return completion(strings.TrimPrefix(cmd.Path, "completion "), t.Install, out)
	case "certificate check":
		return checkCertificates(t, out)
	case "certificate rotate":
		return rotateCertificates(t)
	case "certificate rotate-ca":
		return rotateCA(t, out)
	case "token generate":
		return tokenGenerate(out)
	case "token create":
		return tokenCreate(ctx, t, cmd.Args, out)
	case "token list":
		return tokenList(ctx, t, out)
	case "token delete":
		return tokenDelete(ctx, t, cmd.Args, out)
	case "token rotate":
		return tokenRotate(t, out)
	}
	switch group, name, _ := strings.Cut(cmd.Path, " "); group {
	case "etcd-snapshot":
		return snapshot(t, name, cmd.Args, out)
	case "secrets-encrypt":
		return encrypt(t, name, out)
	}
	return fmt.Errorf("%s is not a command of this package", cmd.Path)
}

// call sends JSON to the supervisor with the server token and reads JSON into answer, if given.
func call(t *args.ToolOptions, method, path string, request, answer any) error {
	text := t.Token
	if text == "" {
		raw, err := os.ReadFile(filepath.Join(t.DataDir, "server", "token"))
		if err != nil {
			return err
		}
		text = string(raw)
	}
	client, err := token.Dial(t.Server, text, "server", logs.Warn)
	if err != nil {
		return err
	}
	var body []byte
	if request != nil {
		if body, err = json.Marshal(request); err != nil {
			return err
		}
	}
	raw, err := client.Do(method, path, map[string]string{"Content-Type": "application/json"}, body)
	var status *token.StatusError
	if errors.As(err, &status) {
		return fmt.Errorf("see server log for details: %s: %s %s", status.URL, status.Status, strings.TrimSpace(status.Body))
	}
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(raw, answer)
}

const rotateWarning = "\033[33mWARNING\033[0m: Recommended to keep a record of the old token. " +
	"If restoring from a snapshot, you must use the token associated with that snapshot."

func tokenRotate(t *args.ToolOptions, out io.Writer) error {
	fmt.Fprintln(out, rotateWarning)
	if err := call(t, http.MethodPut, PathToken, TokenRotateRequest{t.NewToken}, nil); err != nil {
		return err
	}
	fmt.Fprintln(out, "Token rotated, restart k3s nodes with new token")
	return nil
}

// TokenRotateHandler serves PathToken. The function gets the new token, which it writes and
// encrypts the bootstrap data with.
func TokenRotateHandler(rotate func(newToken string) error) http.Handler {
	return handle(http.MethodPut, func(r *TokenRotateRequest) (any, error) {
		if r.NewToken == "" {
			r.NewToken = token.Random()
		}
		return struct{}{}, rotate(r.NewToken)
	})
}

// handle answers one JSON request; an error becomes 400 with its text.
func handle[T any](method string, answer func(*T) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		var request T
		if method != http.MethodGet {
			if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		result, err := answer(&request)
		if err != nil {
			logs.Error("%s: %v", r.URL.Path, err)
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(result); err != nil {
			logs.Error("%s: %v", r.URL.Path, err)
		}
	})
}

// rotateCA sends the files below a folder to the server.
func rotateCA(t *args.ToolOptions, out io.Writer) error {
	files := map[string]string{}
	for _, name := range caFiles {
		raw, err := os.ReadFile(filepath.Join(t.Path, "tls", name))
		if err != nil {
			return err
		}
		files[name] = string(raw)
	}
	path := PathCACerts
	if t.Force {
		path += "?force=true"
	}
	if err := call(t, http.MethodPut, path, files, nil); err != nil {
		return err
	}
	fmt.Fprintln(out, "certificates saved to datastore")
	return nil
}

var caFiles = []string{
	"server-ca.crt", "server-ca.key", "client-ca.crt", "client-ca.key", "request-header-ca.crt", "request-header-ca.key",
	"etcd/peer-ca.crt", "etcd/peer-ca.key", "etcd/server-ca.crt", "etcd/server-ca.key", "service.key",
}
