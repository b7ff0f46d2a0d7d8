// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// edgecore is the edge's program of the KubeEdge stand-in.
package main

import (
	"lightk8s.invalid/testbed/kubeedge/internal/config"
	"lightk8s.invalid/testbed/kubeedge/internal/core"
	"lightk8s.invalid/testbed/kubeedge/internal/edge"
)

func main() {
	core.Main(core.Program{
		Name: "edgecore", File: config.EdgeFile, VersionFlag: true, Run: edge.Run,
		Default: func() any { return config.DefaultEdge() },
		Min:     func() any { return config.MinEdge() },
	})
}
