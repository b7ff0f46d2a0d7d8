// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package ident tells which release the running program is.
package ident

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/release"
)

// kubernetes is what each minor version of KubeEdge is made of.
var kubernetes = map[string]string{"v1.23": "v1.32.10", "v1.24": "v1.33.8"}

// Identity is what is written behind the program.
type Identity struct {
	*release.Release
	file    *os.File
	payload *io.SectionReader
}

// Own reads the running program.
func Own() (*Identity, error) {
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	r, payload, err := release.Open(file)
	if err != nil {
		return nil, err
	}
	return &Identity{r, file, payload}, nil
}

// Payload is what is packed into the program.
func (i *Identity) Payload() io.Reader {
	_, _ = i.payload.Seek(0, io.SeekStart)
	return i.payload
}

// Kubelet is the version that a node shows.
func (i *Identity) Kubelet() string {
	minor := i.Version[:max(strings.LastIndex(i.Version, "."), 0)]
	return fmt.Sprintf("%s-kubeedge-%s", kubernetes[minor], i.Version)
}

// Start plays the behaviours of a release that is not to be used.
func (i *Identity) Start(name string) {
	if i.Behaviour == "no-start" {
		fmt.Fprintf(os.Stderr, "%s: cannot start\n", name)
		os.Exit(3)
	}
}

// Broken tells whether the release never gets ready.
func (i *Identity) Broken() bool { return i.Behaviour == "never-ready" }

// Validity is a duration of the original, or what a test says.
func Validity(variable string, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(os.Getenv(variable)); err == nil {
		return d
	}
	return otherwise
}
