// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/agent"
	"lightk8s.invalid/testbed/k3s/internal/logs"
	"lightk8s.invalid/testbed/k3s/internal/token"
)

const (
	headerUser  = "X-Remote-User"
	headerGroup = "X-Remote-Group"

	dbInfoPath          = "/db/info"
	serverBootstrapPath = "/v1-k3s/server-bootstrap"
	serverConfigPath    = "/v1-k3s/server-config"
)

// roles of a caller.
type role int

const (
	nobody role = iota
	agentRole
	serverRole
)

// handler answers the supervisor's paths and passes all others on to the API server.
func (s *Server) handler() (http.Handler, error) {
	proxy, err := s.proxy()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/cacerts", s.fileHandler("server-ca.crt"))
	mux.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "pong")
	})
	agentPaths := map[string]http.HandlerFunc{
		agent.ConfigPath:         s.answer(func(*http.Request) (any, error) { return s.agentConfig(), nil }),
		agent.ServersPath:        s.answer(func(r *http.Request) (any, error) { return s.apiServers(r.Context()) }),
		agent.ClientCAPath:       s.fileHandler("client-ca.crt"),
		agent.ServerCAPath:       s.fileHandler("server-ca.crt"),
		agent.ServingKubeletPath: s.signer("server-ca", s.servingKubelet),
		agent.ClientKubeletPath:  s.signer("client-ca", clientKubelet),
		agent.ClientProxyPath:    s.signer("client-ca", fixed("system:kube-proxy")),
		agent.ClientK3sPath:      s.signer("client-ca", fixed("system:k3s-controller")),
		"/v1-k3s/readyz":         s.readyz,
	}
	for path, h := range agentPaths {
		mux.Handle(path, s.require(agentRole, h))
	}
	for path, h := range s.serverPaths() {
		mux.Handle(path, s.require(serverRole, h))
	}
	mux.Handle("/", proxy)
	return mux, nil
}

func (s *Server) listen() error {
	cert, err := s.listenerCertificate()
	if err != nil {
		return err
	}
	h, err := s.handler()
	if err != nil {
		return err
	}
	address := net.JoinHostPort(s.Options.BindAddress, strconv.Itoa(s.Options.HTTPSListenPort))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:   h,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	logs.Info("Running supervisor and API on %s", address)
	go func() {
		if err := server.ServeTLS(l, "", ""); err != nil {
			logs.Fatal("supervisor: %v", err)
		}
	}()
	return nil
}

// answer writes what f returns as JSON.
func (s *Server) answer(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			s.refuse(w, r, http.StatusInternalServerError, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, code int, err error) {
	logs.Error("Sending HTTP %d response to %s: %v", code, r.RemoteAddr, err)
	http.Error(w, err.Error(), code)
}

func (s *Server) fileHandler(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(s.tls(name))
		if err != nil {
			s.refuse(w, r, http.StatusInternalServerError, err)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write(text)
	}
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.kube == nil || !s.kube.Ready(r.Context(), "/readyz") {
		s.refuse(w, r, http.StatusServiceUnavailable, errors.New("runtime core not ready"))
		return
	}
	_, _ = io.WriteString(w, "ok")
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// caller finds out who asks: by password, by bootstrap token, or by client certificate.
func (s *Server) caller(r *http.Request) role {
	if name, password, ok := r.BasicAuth(); ok {
		switch {
		case name == "server" && same(password, s.password):
			return serverRole
		case name == "node" && same(password, s.agentPassword):
			return agentRole
		}
		if id, secret, ok := token.Bootstrap(password); ok && s.bootstrapToken(r.Context(), id, secret) {
			return agentRole
		}
		return nobody
	}
	if user, groups, _ := s.certificateUser(r); slices.Contains(groups, "system:masters") {
		return serverRole
	} else if strings.HasPrefix(user, "system:node:") {
		return agentRole
	}
	return nobody
}

func (s *Server) require(least role, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := s.caller(r)
		switch {
		case got >= least:
			h.ServeHTTP(w, r)
		case got == nobody:
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
		default:
			http.Error(w, "Forbidden", http.StatusForbidden)
		}
	})
}

// certificateUser is the user of a client certificate; an error means a certificate that is not
// good, no error and no name that there is none.
func (s *Server) certificateUser(r *http.Request) (string, []string, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return "", nil, nil
	}
	text, err := os.ReadFile(s.tls("client-ca.crt"))
	if err != nil {
		return "", nil, err
	}
	roots, rest := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	for _, c := range r.TLS.PeerCertificates[1:] {
		rest.AddCert(c)
	}
	leaf := r.TLS.PeerCertificates[0]
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: rest,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return leaf.Subject.CommonName, leaf.Subject.Organization, err
}

// transports to the API server: as the caller itself, and as a proxy that vouches for the caller.
// Requests that upgrade the connection need HTTP/1.1.
type transports struct{ plain, vouch, plainUpgrade, vouchUpgrade http.RoundTripper }

type vouched struct{}

func (t *transports) RoundTrip(r *http.Request) (*http.Response, error) {
	upgrade := r.Header.Get("Upgrade") != ""
	_, ok := r.Context().Value(vouched{}).(bool)
	switch {
	case ok && upgrade:
		return t.vouchUpgrade.RoundTrip(r)
	case ok:
		return t.vouch.RoundTrip(r)
	case upgrade:
		return t.plainUpgrade.RoundTrip(r)
	}
	return t.plain.RoundTrip(r)
}

func (s *Server) transports() (*transports, error) {
	ca, err := os.ReadFile(s.tls("server-ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	cert, err := tls.LoadX509KeyPair(s.tls("client-auth-proxy.crt"), s.tls("client-auth-proxy.key"))
	if err != nil {
		return nil, err
	}
	build := func(certs []tls.Certificate, h2 bool) *http.Transport {
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certs}, ForceAttemptHTTP2: h2,
			MaxIdleConnsPerHost: 50, DisableCompression: true}
	}
	mine := []tls.Certificate{cert}
	return &transports{build(nil, true), build(mine, true), build(nil, false), build(mine, false)}, nil
}

// proxy passes requests on to the API server, with the user of a client certificate in headers.
func (s *Server) proxy() (http.Handler, error) {
	target, err := url.Parse(s.apiURL)
	if err != nil {
		return nil, err
	}
	t, err := s.transports()
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Transport:     t,
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			status(w, http.StatusServiceUnavailable, "ServiceUnavailable", "apiserver not ready")
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, groups, err := s.certificateUser(r)
		if err != nil {
			status(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized")
			return
		}
		for name := range r.Header {
			if strings.HasPrefix(name, "X-Remote-") {
				r.Header.Del(name)
			}
		}
		if user != "" {
			r.Header.Set(headerUser, user)
			for _, g := range groups {
				r.Header.Add(headerGroup, g)
			}
			r = r.WithContext(context.WithValue(r.Context(), vouched{}, true))
		}
		proxy.ServeHTTP(w, r)
	}), nil
}

// status answers in the form of the API.
func status(w http.ResponseWriter, code int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{},
		"status": "Failure", "message": message, "reason": reason, "code": code})
}

func (s *Server) agentConfig() agent.Config {
	o := s.Options
	return agent.Config{ClusterCIDR: o.ClusterCIDR, ServiceCIDR: o.ServiceCIDR, ClusterDNS: o.ClusterDNS,
		ClusterDomain: o.ClusterDomain, FlannelBackend: o.FlannelBackend, DisableKubeProxy: o.DisableKubeProxy}
}

// apiServers are the addresses of all servers, from the endpoints of the kubernetes Service.
func (s *Server) apiServers(ctx context.Context) ([]string, error) {
	var e struct {
		Subsets []struct {
			Addresses []struct {
				IP string `json:"ip"`
			} `json:"addresses"`
			Ports []struct {
				Port int `json:"port"`
			} `json:"ports"`
		} `json:"subsets"`
	}
	if s.kube == nil {
		return nil, errors.New("runtime core not ready")
	}
	if err := s.kube.Get(ctx, "/api/v1/namespaces/default/endpoints/kubernetes", &e); err != nil {
		return nil, err
	}
	all := []string{}
	for _, subset := range e.Subsets {
		for _, a := range subset.Addresses {
			for _, p := range subset.Ports {
				all = append(all, net.JoinHostPort(a.IP, strconv.Itoa(p.Port)))
			}
		}
	}
	return all, nil
}

func fixed(cn string) func(string, []string) pki.Leaf {
	return func(string, []string) pki.Leaf { return pki.Leaf{CN: cn} }
}

func clientKubelet(name string, _ []string) pki.Leaf {
	return pki.Leaf{CN: "system:node:" + name, Org: []string{"system:nodes"}}
}

func (s *Server) servingKubelet(name string, ips []string) pki.Leaf {
	return pki.Leaf{CN: name, Names: append([]string{name, "localhost", "127.0.0.1"}, ips...)}
}

// signer issues a node's certificate for the key in its request, once the node password is right.
func (s *Server) signer(ca string, leaf func(string, []string) pki.Leaf) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.Header.Get(agent.HeaderName)
		if name == "" {
			s.refuse(w, r, http.StatusBadRequest, errors.New("node name not set"))
			return
		}
		if code, err := s.checkNodePassword(r.Context(), name, r.Header.Get(agent.HeaderPassword)); err != nil {
			s.refuse(w, r, code, err)
			return
		}
		text, err := s.sign(r, ca, leaf(name, strings.Split(r.Header.Get(agent.HeaderIP), ",")))
		if err != nil {
			s.refuse(w, r, http.StatusInternalServerError, err)
			return
		}
		_, _ = w.Write(text)
	}
}

func (s *Server) sign(r *http.Request, name string, leaf pki.Leaf) ([]byte, error) {
	ca, err := s.ca(name)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(body)
	if block == nil {
		return nil, errors.New("certificate request is not PEM")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	return ca.Sign(request.PublicKey, leaf)
}
