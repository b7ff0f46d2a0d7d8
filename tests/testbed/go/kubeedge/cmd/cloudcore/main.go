// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// cloudcore is the cloud's program of the KubeEdge stand-in.
package main

import (
	"lightk8s.invalid/testbed/kubeedge/internal/cloud"
	"lightk8s.invalid/testbed/kubeedge/internal/config"
	"lightk8s.invalid/testbed/kubeedge/internal/core"
)

func main() {
	core.Main(core.Program{
		Name: "cloudcore", File: config.CloudFile, Run: cloud.Run,
		Default: func() any { return config.DefaultCloud() },
		Min:     func() any { return config.MinCloud() },
	})
}
