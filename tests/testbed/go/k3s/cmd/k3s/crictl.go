// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import "errors"

// crictl is not part of this build yet.
func crictl([]string) error { return errors.New("crictl is not available") }
