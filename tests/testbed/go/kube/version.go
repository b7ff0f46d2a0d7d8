// Copyright: (c) 2026, lightk8s.edge contributors
// GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"os"
	"strings"
	_ "unsafe" // for go:linkname

	"k8s.io/component-base/version"
)

// The version that the components show, which upstream sets at link time. Set
// from the environment instead, one build serves every release.

//go:linkname gitVersion k8s.io/component-base/version.gitVersion
var gitVersion string

//go:linkname gitMajor k8s.io/component-base/version.gitMajor
var gitMajor string

//go:linkname gitMinor k8s.io/component-base/version.gitMinor
var gitMinor string

//go:linkname clientVersion k8s.io/client-go/pkg/version.gitVersion
var clientVersion string

const defaultVersion = "v1.34.2"

func init() {
	v := os.Getenv("KUBE_VERSION")
	if v == "" {
		v = defaultVersion
	}
	parts := strings.SplitN(strings.TrimPrefix(v, "v"), ".", 3)
	if len(parts) == 3 {
		gitMajor, gitMinor = parts[0], parts[1]
	}
	gitVersion, clientVersion = v, v
	// Get() reads a copy taken at start; equal to gitVersion it is not checked.
	if err := version.SetDynamicVersion(v); err != nil {
		panic(err)
	}
}
