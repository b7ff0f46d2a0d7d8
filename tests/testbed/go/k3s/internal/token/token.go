// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package token reads and checks join tokens and talks to the supervisor of a server with them.
package token

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/pki"
)

const (
	prefix     = "K10"
	hashLength = 64
)

var bootstrapToken = regexp.MustCompile(`^([a-z0-9]{6})\.([a-z0-9]{16})$`)

// Token is what a join token says.
type Token struct {
	Hash     string
	User     string
	Password string
}

// Random is a new password.
func Random() string {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return hex.EncodeToString(b)
}

// Parse reads a token; a short one gets the user.
func Parse(text, user string) (*Token, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errors.New("token must not be empty")
	}
	t := &Token{}
	if strings.HasPrefix(text, prefix) {
		hash, rest, ok := strings.Cut(strings.TrimPrefix(text, prefix), "::")
		if !ok {
			hash, rest = "", text[len(prefix):]
		}
		if len(hash) > 0 && len(hash) != hashLength {
			return nil, errors.New("invalid token CA hash length")
		}
		if !ok {
			return nil, errors.New("invalid token format")
		}
		t.Hash, text = hash, rest
		if name, password, ok := strings.Cut(rest, ":"); ok {
			t.User, t.Password = name, password
			return t, nil
		}
		if !bootstrapToken.MatchString(rest) {
			return nil, errors.New("invalid token format")
		}
	}
	t.User, t.Password = user, text
	return t, nil
}

// Bootstrap gives the parts of a bootstrap token.
func Bootstrap(text string) (id, secret string, ok bool) {
	m := bootstrapToken.FindStringSubmatch(text)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// Format is the secure form of a token.
func Format(ca []byte, user, password string) string {
	return prefix + pki.Hash(ca) + "::" + user + ":" + password
}

// Client asks a server's supervisor with a token.
type Client struct {
	Base  string
	CA    []byte
	token *Token
	http  *http.Client
}

func httpClient(config *tls.Config) *http.Client {
	return &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment},
	}
}

// Dial fetches the CA of the cluster, compares its hash, and checks that the server takes the token.
// warn is called where the token carries no hash.
func Dial(base, text, user string, warn func(string, ...any)) (*Client, error) {
	t, err := Parse(text, user)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "https" {
		return nil, fmt.Errorf("only https:// URLs are supported, invalid scheme: %s", base)
	}
	base = "https://" + u.Host
	if u.Port() == "" {
		base += ":6443"
	}
	open := &Client{Base: base, http: httpClient(&tls.Config{InsecureSkipVerify: true})}
	ca, err := open.Get("/cacerts", nil)
	if err != nil {
		return nil, fmt.Errorf("failed to get CA certs: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("failed to get CA certs: no certificate found")
	}
	c := &Client{Base: base, CA: ca, token: t, http: httpClient(&tls.Config{RootCAs: pool})}
	if _, err := c.Get("/ping", nil); err != nil {
		return nil, fmt.Errorf("CA cert validation failed: %w", err)
	}
	if found := pki.Hash(ca); t.Hash == "" {
		warn("Cluster CA certificate is not trusted by the host CA bundle, but the token does not include a CA hash. " +
			"Use the full token from the server's node-token file to enable Cluster CA validation.")
	} else if t.Hash != found {
		return nil, fmt.Errorf("%w: %s != %s", ErrHash, t.Hash, found)
	}
	return c, nil
}

// ErrHash means that a token is for another cluster.
var ErrHash = errors.New("token CA hash does not match the Cluster CA certificate hash")

// StatusError is an answer of the server other than success.
type StatusError struct {
	URL    string
	Status string
	Code   int
	Body   string
}

func (e *StatusError) Error() string {
	if e.Code == http.StatusUnauthorized {
		return e.URL + ": " + e.Status
	}
	return fmt.Sprintf("%s: %s: %s", e.URL, e.Status, strings.TrimSpace(e.Body))
}

// Get asks for a path with the token's credentials.
func (c *Client) Get(path string, header map[string]string) ([]byte, error) {
	return c.Do(http.MethodGet, path, header, nil)
}

// Do sends a request with the token's credentials.
func (c *Client) Do(method, path string, header map[string]string, body []byte) ([]byte, error) {
	req, err := http.NewRequest(method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if c.token != nil {
		req.SetBasicAuth(c.token.User, c.token.Password)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		return nil, &StatusError{c.Base + path, res.Status, res.StatusCode, string(answer)}
	}
	return answer, nil
}
