// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// k0s is the stand-in's program: every command of the original that it knows is in here, and the
// real components are packed behind it.
package main

import (
	"os"

	"lightk8s.invalid/testbed/k0s/internal/cli"
)

func main() { os.Exit(cli.Main()) }
