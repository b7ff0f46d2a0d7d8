// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package datastore reads and writes keys of etcd or kine and keeps the bootstrap data there.
package datastore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// ErrOtherToken means that the data are encrypted with another token.
var ErrOtherToken = errors.New("bootstrap data already found and encrypted with different token")

const (
	bootstrapPrefix = "/bootstrap/"
	requestTimeout  = 10 * time.Second
)

// Endpoint says how to reach a datastore.
type Endpoint struct {
	URLs          []string
	CA, Cert, Key string // file names, empty without TLS
}

// Flags are the API server's flags for the endpoint.
func (e Endpoint) Flags() []string {
	flags := []string{"etcd-servers=" + strings.Join(e.URLs, ",")}
	for name, file := range map[string]string{"cafile": e.CA, "certfile": e.Cert, "keyfile": e.Key} {
		if file != "" {
			flags = append(flags, "etcd-"+name+"="+file)
		}
	}
	return flags
}

// Client opens a connection. It returns before the connection stands.
func (e Endpoint) Client() (*clientv3.Client, error) {
	config := clientv3.Config{Endpoints: e.URLs, DialTimeout: 5 * time.Second, Logger: zap.NewNop()}
	if e.CA != "" || strings.HasPrefix(e.URLs[0], "https:") {
		config.TLS = &tls.Config{}
	}
	if e.CA != "" {
		ca, err := os.ReadFile(e.CA)
		if err != nil {
			return nil, err
		}
		config.TLS.RootCAs = x509.NewCertPool()
		config.TLS.RootCAs.AppendCertsFromPEM(ca)
	}
	if e.Cert != "" {
		pair, err := tls.LoadX509KeyPair(e.Cert, e.Key)
		if err != nil {
			return nil, err
		}
		config.TLS.Certificates = []tls.Certificate{pair}
	}
	return clientv3.New(config)
}

// bootstrapKey is the key for a token's data.
func bootstrapKey(password string) string {
	sum := sha256.Sum256([]byte(password))
	return bootstrapPrefix + hex.EncodeToString(sum[:])[:12]
}

// LoadBootstrap reads the bootstrap data: nil if there are none yet.
func LoadBootstrap(ctx context.Context, c *clientv3.Client, password string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	found, err := c.Get(ctx, bootstrapPrefix, clientv3.WithPrefix())
	if err != nil {
		return nil, err
	}
	for _, kv := range found.Kvs {
		if string(kv.Key) == bootstrapKey(password) {
			return decrypt(password, kv.Value)
		}
	}
	if len(found.Kvs) > 0 {
		return nil, ErrOtherToken
	}
	return nil, nil
}

// SaveBootstrap writes the bootstrap data, whatever was there.
func SaveBootstrap(ctx context.Context, c *clientv3.Client, password string, data []byte) error {
	sealed, err := encrypt(password, data)
	if err != nil {
		return err
	}
	return Put(ctx, c, bootstrapKey(password), sealed)
}

// MoveBootstrap encrypts the bootstrap data with another token.
func MoveBootstrap(ctx context.Context, c *clientv3.Client, old, fresh string) error {
	data, err := LoadBootstrap(ctx, c, old)
	if err != nil {
		return err
	}
	if err := SaveBootstrap(ctx, c, fresh, data); err != nil {
		return err
	}
	return remove(ctx, c, bootstrapKey(old))
}

// Put writes a key by transactions of the kind that kine takes.
func Put(ctx context.Context, c *clientv3.Client, key string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var revision int64
	for {
		res, err := c.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", revision)).
			Then(clientv3.OpPut(key, string(value))).Else(clientv3.OpGet(key)).Commit()
		if err != nil || res.Succeeded {
			return err
		}
		revision = 0
		if kvs := res.Responses[0].GetResponseRange().Kvs; len(kvs) > 0 {
			revision = kvs[0].ModRevision
		}
	}
}

func remove(ctx context.Context, c *clientv3.Client, key string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	for {
		found, err := c.Get(ctx, key)
		if err != nil || len(found.Kvs) == 0 {
			return err
		}
		res, err := c.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", found.Kvs[0].ModRevision)).
			Then(clientv3.OpDelete(key)).Else(clientv3.OpGet(key)).Commit()
		if err != nil || res.Succeeded {
			return err
		}
	}
}

func sealer(password string, salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha1.New, password, salt, 4096, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func encrypt(password string, data []byte) ([]byte, error) {
	salt := make([]byte, 8)
	_, _ = rand.Read(salt)
	text := hex.EncodeToString(salt)
	gcm, err := sealer(password, []byte(text))
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize())
	_, _ = rand.Read(nonce)
	sealed := gcm.Seal(nonce, nonce, data, nil)
	return []byte(text + ":" + base64.StdEncoding.EncodeToString(sealed)), nil
}

func decrypt(password string, sealed []byte) ([]byte, error) {
	salt, text, ok := strings.Cut(string(sealed), ":")
	if !ok {
		return nil, errors.New("invalid bootstrap data")
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	gcm, err := sealer(password, []byte(salt))
	if err != nil {
		return nil, err
	}
	if len(raw) < gcm.NonceSize() {
		return nil, errors.New("invalid bootstrap data")
	}
	data, err := gcm.Open(nil, raw[:gcm.NonceSize()], raw[gcm.NonceSize():], nil)
	if err != nil {
		return nil, ErrOtherToken
	}
	return data, nil
}
