// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package edge

import (
	"bufio"
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
	"sync"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
	"lightk8s.invalid/testbed/kubeedge/internal/link"
)

const (
	tries      = 5
	tryAgain   = 5 * time.Second
	queryLimit = 60 * time.Second
)

var errNotConnected = errors.New("not connected")

// hub is the link to cloudcore: one connection with all requests and, as an answer that does not
// end, what the cloud has to tell.
type hub struct {
	edge   *Edge
	mu     sync.Mutex
	client *http.Client // nil while there is no link
}

func (h *hub) address(path string) string {
	c := h.edge.config.Modules.EdgeHub
	return "https://" + c.WebSocket.Server + link.Path(c.ProjectID, h.edge.name, path)
}

func (h *hub) dial() (*http.Client, error) {
	c := h.edge.config.Modules.EdgeHub
	pair, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSPrivateKeyFile)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(c.TLSCAFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}},
		TLSHandshakeTimeout: time.Duration(c.WebSocket.HandshakeTimeout) * time.Second,
		ForceAttemptHTTP2:   true,
		HTTP2: &http.HTTP2Config{
			SendPingTimeout:  time.Duration(c.Heartbeat) * time.Second,
			PingTimeout:      time.Duration(c.WebSocket.ReadDeadline) * time.Second,
			WriteByteTimeout: time.Duration(c.WebSocket.WriteDeadline) * time.Second,
		},
	}}, nil
}

// run keeps the link up: five tries 5 s apart, then a wait of two heartbeats, which also follows a
// link that broke.
func (h *hub) run(ctx context.Context) {
	wait := 2 * time.Duration(h.edge.config.Modules.EdgeHub.Heartbeat) * time.Second
	for ctx.Err() == nil {
		client, events, err := h.connect(ctx)
		if err == nil {
			h.set(client)
			klog.Info("websocket.go:93", "Websocket connect to cloud access successful")
			err = h.receive(events)
			h.set(nil)
			client.CloseIdleConnections()
			klog.Error("ws.go:108", "failed to read message, error: %v", err)
		}
		klog.Warn("edgehub.go:138", "connection is broken, will reconnect after %s", wait)
		sleep(ctx, wait)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (h *hub) set(client *http.Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.client = client
}

func (h *hub) connect(ctx context.Context) (*http.Client, io.ReadCloser, error) {
	klog.Info("websocket.go:51", "Websocket start to connect Access")
	var err error
	for range tries {
		var client *http.Client
		var events io.ReadCloser
		if client, err = h.dial(); err == nil {
			if events, err = do(ctx, client, http.MethodGet, h.address("events"), "", nil); err == nil {
				return client, events, nil
			}
		}
		klog.Error("websocket.go:90", "Init websocket connection failed %v", err)
		sleep(ctx, tryAgain)
	}
	return nil, nil, errors.New("max retry count reached when connecting to cloud")
}

func do(ctx context.Context, client *http.Client, method, url, kind string, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Accept", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return nil, &api.Error{Code: res.StatusCode, Body: string(text)}
	}
	return res.Body, nil
}

// receive takes what the cloud tells, until the link breaks.
func (h *hub) receive(events io.ReadCloser) error {
	defer events.Close()
	lines := bufio.NewReader(events)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return err
		}
		m := link.Message{}
		if err := json.Unmarshal(text, &m); err != nil {
			return err
		}
		if err := h.edge.take(m); err != nil {
			klog.Error("process.go:456", "metamanager: %v", err)
			continue
		}
		if m.Resource == typePod {
			go h.acknowledge(m)
		}
	}
}

func (h *hub) acknowledge(m link.Message) {
	meta := metaOf(m.Object)
	text, err := json.Marshal(link.Ack{
		Namespace: meta.namespace, Name: meta.name, UID: meta.uid, Version: meta.version, Deleted: m.Type == "DELETED",
	})
	if err != nil {
		return
	}
	if _, err := h.send(context.Background(), http.MethodPost, h.address("ack"), "application/json", text); err != nil {
		klog.Error("process.go:99", "failed to send message to cloud: %v", err)
	}
}

// ask sends a request of the kubelet to the API server, through cloudcore.
func (h *hub) ask(ctx context.Context, method, uri, kind string, body []byte) ([]byte, error) {
	return h.send(ctx, method, h.address("kube")+uri, kind, body)
}

func (h *hub) send(ctx context.Context, method, url, kind string, body []byte) ([]byte, error) {
	h.mu.Lock()
	client := h.client
	h.mu.Unlock()
	if client == nil {
		return nil, errNotConnected
	}
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	r, err := do(ctx, client, method, url, kind, body)
	if err != nil {
		var said *api.Error
		if errors.As(err, &said) {
			return nil, said
		}
		return nil, fmt.Errorf("failed to send message, error: %w", err)
	}
	defer r.Close()
	return io.ReadAll(r)
}
