// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cluster

import (
	"slices"
	"testing"
)

func TestRoles(t *testing.T) {
	for count, wanted := range map[int][]int{
		1: {Voter},
		2: {Voter, Spare},
		3: {Voter, Voter, Voter},
		4: {Voter, Voter, Voter, Standby},
		7: {Voter, Voter, Voter, Standby, Standby, Standby, Spare},
	} {
		list := make([]Member, count)
		assign(list)
		var roles []int
		for _, m := range list {
			roles = append(roles, m.Role)
		}
		if !slices.Equal(roles, wanted) {
			t.Errorf("%d members: %v", count, roles)
		}
	}
}
