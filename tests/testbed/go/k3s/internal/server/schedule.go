// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// schedule is a cron line of five fields: the values that each of them allows.
type schedule [5]map[int]bool

var cronLimits = [5][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}}

// parseCron reads numbers, ranges, steps and lists, and the @ words.
func parseCron(text string) (schedule, error) {
	var s schedule
	words := map[string]string{"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
		"@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *"}
	if long, ok := words[text]; ok {
		text = long
	}
	fields := strings.Fields(text)
	if len(fields) != len(s) {
		return s, fmt.Errorf("expected exactly 5 fields, found %d: %s", len(fields), text)
	}
	for i, f := range fields {
		s[i] = map[int]bool{}
		for _, item := range strings.Split(f, ",") {
			if err := allow(s[i], item, cronLimits[i]); err != nil {
				return s, err
			}
		}
	}
	return s, nil
}

func allow(into map[int]bool, item string, limits [2]int) error {
	from, to, step := limits[0], limits[1], 1
	body, stepText, stepped := strings.Cut(item, "/")
	var err error
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
			return fmt.Errorf("bad step in %s", item)
		}
	}
	if body != "*" {
		a, b, ranged := strings.Cut(body, "-")
		if from, err = strconv.Atoi(a); err != nil {
			return fmt.Errorf("bad number in %s", item)
		}
		if ranged {
			if to, err = strconv.Atoi(b); err != nil {
				return fmt.Errorf("bad number in %s", item)
			}
		} else if !stepped {
			to = from
		}
	}
	if from < limits[0] || to > limits[1] || from > to {
		return fmt.Errorf("%s is out of range", item)
	}
	for n := from; n <= to; n += step {
		into[n] = true
	}
	return nil
}

func (s schedule) matches(t time.Time) bool {
	return s[0][t.Minute()] && s[1][t.Hour()] && s[2][t.Day()] && s[3][int(t.Month())] && s[4][int(t.Weekday())]
}

func (s *Server) startSnapshots(ctx context.Context) error {
	cron := s.Options.EtcdSnapshotCron
	if s.Options.EtcdDisableSnapshots || cron == "" {
		return nil
	}
	when, err := parseCron(cron)
	if err != nil {
		return fmt.Errorf("failed to set up etcd snapshot schedule: %w", err)
	}
	go s.takeSnapshots(ctx, when)
	return nil
}

// takeSnapshots saves the etcd database as often as the schedule says.
func (s *Server) takeSnapshots(ctx context.Context, when schedule) {
	store := s.snapshots()
	for {
		now := time.Now()
		if !sleep(ctx, now.Truncate(time.Minute).Add(time.Minute).Sub(now)) {
			return
		}
		if !when.matches(time.Now()) {
			continue
		}
		name, err := store.Take(ctx, s.Options.EtcdSnapshotName)
		if err == nil {
			logs.Info("Snapshot %s saved.", name)
			_, err = store.Prune(s.Options.EtcdSnapshotName)
		}
		if err != nil {
			logs.Error("Failed to take scheduled snapshot: %v", err)
		}
	}
}
