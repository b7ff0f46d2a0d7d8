// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// keadm is the operator's program of the KubeEdge stand-in.
package main

import (
	"os"

	"lightk8s.invalid/testbed/kubeedge/internal/keadm"
)

func main() { os.Exit(keadm.Main()) }
