// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package daemon

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
	"unicode"

	"lightk8s.invalid/testbed/microk8s/internal/agent"
	"lightk8s.invalid/testbed/microk8s/internal/launch"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

const launchEvery = 5 * time.Second

// Agent is the cluster agent: it lets nodes join, and applies launch configurations.
func Agent() error {
	ctx, stop := signals()
	defer stop()
	args, err := snap.LoadArgs("cluster-agent")
	if err != nil {
		return err
	}
	if err := known(args.Words(), "cluster-agent", "bind", "keyfile", "certfile", "timeout", "enable-metrics",
		"launch-configurations-enable", "launch-configurations-interval", "min-tls-version", "devmode"); err != nil {
		return err
	}
	if args.Get("--launch-configurations-enable") != "false" {
		go launches(ctx)
	}
	limit, err := strconv.Atoi(args.Get("--timeout"))
	if err != nil {
		limit = 240
	}
	bind := args.Get("--bind")
	if bind == "" {
		bind = "0.0.0.0:25000"
	}
	mux := http.NewServeMux()
	for path, f := range agent.Endpoints() {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			ctx, cancel := context.WithTimeout(r.Context(), time.Duration(limit)*time.Second)
			defer cancel()
			out, err := f(r.WithContext(ctx))
			reply(w, out, err)
		})
	}
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { reply(w, map[string]string{"status": "OK"}, nil) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, nil, &agent.Refusal{Code: 404, Text: "not found"})
	})
	s := &http.Server{Addr: bind, Handler: mux, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	log.Printf("Starting cluster agent on https://%s", bind)
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	err = s.ListenAndServeTLS(os.ExpandEnv(args.Get("--certfile")), os.ExpandEnv(args.Get("--keyfile")))
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func reply(w http.ResponseWriter, out any, err error) {
	if err != nil {
		code := http.StatusInternalServerError
		var refusal *agent.Refusal
		if errors.As(err, &refusal) {
			code = refusal.Code
		}
		log.Printf("[ERROR %d] %q", code, err)
		w.WriteHeader(code)
		text := []rune(err.Error())
		text[0] = unicode.ToUpper(text[0])
		out = map[string]string{"error": string(text)}
	}
	if text, err := json.Marshal(out); err == nil {
		_, _ = w.Write(text)
	}
}

// launches applies configurations that lie in the folder, and renames those that it could apply.
func launches(ctx context.Context) {
	for pause(ctx, launchEvery) {
		files, _ := filepath.Glob(snap.Common("etc", "launcher", "*.yaml"))
		for _, name := range files {
			log.Printf("Applying %s", name)
			if err := applyFile(name); err != nil {
				log.Printf("Failed to apply configuration file %s: %v", name, err)
				continue
			}
			log.Printf("Successfully applied %s", name)
		}
	}
}

func applyFile(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	parts, err := launch.Parse(text)
	if err != nil {
		return err
	}
	if err := launch.Apply(parts, false); err != nil {
		return err
	}
	return os.Rename(name, name+".applied")
}
