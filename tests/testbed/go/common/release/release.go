// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package release reads what is appended to the launcher: the packed programs and, last, a small
// JSON document that tells one release from another.
package release

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
)

// Release is the document at the end of the program file.
type Release struct {
	Version   string `json:"version"`
	Commit    string `json:"commit"`
	ID        string `json:"id"` // hex, names the folder it is unpacked to
	Behaviour string `json:"behaviour"`
}

// Behaviours of a release.
const (
	Normal     = "normal"
	NeverReady = "never-ready" // the API comes up, the node never becomes Ready
	NoStart    = "no-start"    // ends with a fatal message at once
)

const (
	magic   = "EDGEPACK"
	footer  = len(magic) + 16 // magic, length of the payload, length of the document
	envName = "K3S_STANDIN_RELEASE"
)

// Open returns the release appended to a file and a reader of its payload.
func Open(file *os.File) (*Release, *io.SectionReader, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	end := info.Size() - int64(footer)
	tail := make([]byte, footer)
	if _, err := file.ReadAt(tail, max(end, 0)); err != nil {
		return nil, nil, err
	}
	if string(tail[:len(magic)]) != magic {
		return nil, nil, errors.New("nothing is packed into this file")
	}
	payload := int64(binary.LittleEndian.Uint64(tail[len(magic):]))
	doc := int64(binary.LittleEndian.Uint64(tail[len(magic)+8:]))
	text := make([]byte, doc)
	if _, err := file.ReadAt(text, end-doc); err != nil {
		return nil, nil, err
	}
	r := &Release{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, nil, err
	}
	return r, io.NewSectionReader(file, end-doc-payload, payload), nil
}

// Environ is the environment that hands the release on to the unpacked program.
func (r *Release) Environ() string {
	text, _ := json.Marshal(r)
	return envName + "=" + string(text)
}

// FromEnviron is the release as handed on by the launcher.
func FromEnviron() (*Release, error) {
	r := &Release{}
	err := json.Unmarshal([]byte(os.Getenv(envName)), r)
	return r, err
}

// Kubernetes is the version that the components show.
func (r *Release) Kubernetes() string { return r.Version }

// ShortCommit is the first eight digits of the commit.
func (r *Release) ShortCommit() string { return strings.TrimSpace(r.Commit + "00000000")[:8] }
