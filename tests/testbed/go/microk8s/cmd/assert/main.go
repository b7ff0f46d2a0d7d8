// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// assert writes an assertion beside each snap file, of the form that "snap download" leaves. The
// store signs its assertions with a key that leads back to one built into snapd; this one signs
// with a key made on the spot, so snapd has to refuse them.
package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/openpgp/packet"
)

const authority = "lightk8sTestbedAuthority00000000"

var made = time.Unix(1_760_000_000, 0).UTC().Format(time.RFC3339)

type signer struct {
	key *packet.PrivateKey
	id  string
}

func newSigner() (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 4096)
	if err != nil {
		return nil, err
	}
	private := packet.NewRSAPrivateKey(time.Unix(1, 0), key)
	var public bytes.Buffer
	if err := private.PublicKey.Serialize(&public); err != nil {
		return nil, err
	}
	sum := sha3.Sum384(public.Bytes())
	return &signer{private, base64.RawURLEncoding.EncodeToString(sum[:])}, nil
}

// sign adds the key's name and the signature to headers.
func (s *signer) sign(headers ...string) (string, error) {
	content := strings.Join(append(headers, "sign-key-sha3-384: "+s.id), "\n")
	signature := &packet.Signature{SigType: packet.SigTypeBinary, PubKeyAlgo: packet.PubKeyAlgoRSA, Hash: crypto.SHA512,
		CreationTime: time.Unix(1_760_000_000, 0), IssuerKeyId: &s.key.KeyId}
	h := signature.Hash.New()
	h.Write([]byte(content))
	if err := signature.Sign(h, s.key, nil); err != nil {
		return "", err
	}
	var out bytes.Buffer
	out.WriteByte(1) // version of the encoding
	if err := signature.Serialize(&out); err != nil {
		return "", err
	}
	encoded := base64.StdEncoding.EncodeToString(out.Bytes())
	var lines []string
	for len(encoded) > 76 {
		lines, encoded = append(lines, encoded[:76]), encoded[76:]
	}
	return content + "\n\n" + strings.Join(append(lines, encoded), "\n") + "\n", nil
}

// describe gives the declaration and the revision of a snap file such as microk8s_8511.snap.
func (s *signer) describe(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	name, revision, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".snap"), "_")
	digest := sha3.Sum384(data)
	short := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(short[:])[:32]
	declaration, err := s.sign("type: snap-declaration", "authority-id: "+authority, "series: 16", "snap-id: "+id,
		"publisher-id: "+authority, "snap-name: "+name, "timestamp: "+made)
	if err != nil {
		return "", err
	}
	rev, err := s.sign("type: snap-revision", "authority-id: "+authority,
		"snap-sha3-384: "+base64.RawURLEncoding.EncodeToString(digest[:]), "developer-id: "+authority, "snap-id: "+id,
		"snap-revision: "+revision, fmt.Sprintf("snap-size: %d", len(data)), "timestamp: "+made)
	return declaration + "\n" + rev, err
}

func main() {
	log.SetFlags(0)
	s, err := newSigner()
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range os.Args[1:] {
		text, err := s.describe(file)
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(strings.TrimSuffix(file, ".snap")+".assert", []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
