// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// probe is the workload of the tests: a small HTTP server that can also burn CPU, hold memory or
// just sleep.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func burn() {
	for n := uint64(1); ; n++ {
		if n%(1<<40) == 0 {
			fmt.Println(n)
		}
	}
}

func hold(mib int) []byte {
	b := make([]byte, mib<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	return b
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/resolve", func(w http.ResponseWriter, r *http.Request) {
		found, err := net.DefaultResolver.LookupHost(r.Context(), r.FormValue("name"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, found)
	})
	mux.HandleFunc("/fetch", fetch)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		host, _ := os.Hostname()
		fmt.Fprintln(w, host)
	})
	return mux
}

// fetch asks another server, so that traffic between pods can be tried from outside.
func fetch(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.FormValue("url"), nil)
	if err == nil {
		var res *http.Response
		if res, err = http.DefaultClient.Do(req); err == nil {
			defer res.Body.Close()
			fmt.Fprintln(w, res.Status)
			return
		}
	}
	http.Error(w, err.Error(), http.StatusBadGateway)
}

func main() {
	listen := flag.String("listen", ":8080", "address of the HTTP server, empty for none")
	threads := flag.Int("burn", 0, "threads that burn CPU")
	mib := flag.Int("hold", 0, "MiB of memory to hold")
	sleep := flag.Duration("sleep", 0, "end after this time")
	code := flag.Int("exit", 0, "exit code after the sleep")
	flag.Parse()
	for range *threads {
		go burn()
	}
	held := hold(*mib)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if *listen != "" {
		go func() {
			if err := http.ListenAndServe(*listen, handler()); err != nil {
				fmt.Fprintln(os.Stderr, "probe:", err)
				os.Exit(1)
			}
		}()
	}
	fmt.Printf("probe: listening on %s, burning %d, holding %d MiB\n", *listen, *threads, len(held)>>20)
	if *sleep > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(*sleep):
		}
		os.Exit(*code)
	}
	<-ctx.Done()
}
