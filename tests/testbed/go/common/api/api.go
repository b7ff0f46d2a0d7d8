// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package api is a small client of the Kubernetes API, with a client certificate.
package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

// Object is an API object of any kind.
type Object = map[string]any

// Client talks to one API server.
type Client struct {
	Base string
	HTTP *http.Client
}

// Error is an answer other than success.
type Error struct {
	Code int
	Body string
}

func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Body) }

// IsCode tells whether an error is an answer with a status.
func IsCode(err error, code int) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// New makes a client from certificate files.
func New(base, caFile, certFile, keyFile string) (*Client, error) {
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &Client{base, &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}},
		ForceAttemptHTTP2: true,
	}}}, nil
}

// Open sends a request and gives the body of the answer.
func (c *Client) Open(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, in)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
		if method == http.MethodPatch {
			req.Header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return nil, &Error{res.StatusCode, string(text)}
	}
	return res.Body, nil
}

// Do sends a request and reads the answer into out, if given.
func (c *Client) Do(ctx context.Context, method, path string, body, out any) error {
	r, err := c.Open(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer r.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, r)
		return err
	}
	return json.NewDecoder(r).Decode(out)
}

// Get reads an object.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.Do(ctx, http.MethodGet, path, nil, out)
}

// Patch merges into an object.
func (c *Client) Patch(ctx context.Context, path string, patch any) error {
	return c.Do(ctx, http.MethodPatch, path, patch, nil)
}

// Ready tells whether the server says "ok" on a path such as /readyz.
func (c *Client) Ready(ctx context.Context, path string) bool {
	return c.Do(ctx, http.MethodGet, path, nil, nil) == nil
}

// Event is one line of a watch.
type Event[T any] struct {
	Type   string `json:"type"`
	Object T      `json:"object"`
}

// Watch calls f for every event until the stream ends.
func Watch[T any](ctx context.Context, c *Client, path string, f func(Event[T])) error {
	r, err := c.Open(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	for d := json.NewDecoder(r); ; {
		var e Event[T]
		if err := d.Decode(&e); err != nil {
			return err
		}
		f(e)
	}
}
