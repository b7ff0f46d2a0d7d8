// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v2"

	"lightk8s.invalid/testbed/microk8s/internal/certs"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
	"lightk8s.invalid/testbed/microk8s/internal/tokens"
)

func addNode(args []string) error {
	if snap.Locked("clustered.lock") {
		fmt.Println("This MicroK8s deployment is acting as a node in a cluster. Please use the microk8s add-node on the master.")
		return Exit(1)
	}
	if err := permitted(); err != nil {
		return err
	}
	if err := running(); err != nil {
		return err
	}
	const program = "microk8s add-node"
	ttl, token, format := "-1", tokens.New(), "pretty"
	f := flags{map[string]*string{"--token-ttl": &ttl, "-l": &ttl, "--token": &token, "-t": &token, "--format": &format}, nil}
	if rest, err := f.parse(program, args); err != nil {
		return err
	} else if len(rest) > 0 {
		return usage(program, "unrecognized arguments: "+strings.Join(rest, " "))
	}
	seconds, err := strconv.Atoi(ttl)
	if err != nil {
		return usage(program, fmt.Sprintf("argument --token-ttl/-l: invalid int value: '%s'", ttl))
	}
	if !slices.Contains([]string{"pretty", "short", "token", "token-check", "json", "yaml"}, format) {
		return usage(program, fmt.Sprintf("argument --format: invalid choice: '%s'", format))
	}
	if len(token) < tokenLength {
		fmt.Println("Invalid token size.  It must be 32 characters long.")
		return Exit(1)
	}
	line := token
	if seconds != -1 {
		line = fmt.Sprintf("%s|%d", token, time.Now().Unix()+int64(seconds))
	}
	if err := tokens.Append(tokens.Cluster, line); err != nil {
		return err
	}
	check, err := certs.Fingerprint()
	if err != nil {
		return err
	}
	return showToken(format, token, token+"/"+check)
}

func showToken(format, token, checked string) error {
	var urls []string
	first := snap.DefaultAddress() + ":" + agentPort() + "/" + checked
	for _, a := range snap.Addresses() {
		urls = append(urls, a+":"+agentPort()+"/"+checked)
	}
	document := struct {
		Token string   `json:"token" yaml:"token"`
		URLs  []string `json:"urls" yaml:"urls"`
	}{checked, urls}
	switch format {
	case "token":
		fmt.Println(token)
	case "token-check":
		fmt.Println(checked)
	case "json":
		text, err := json.MarshalIndent(document, "", "  ")
		fmt.Println(string(text))
		return err
	case "yaml":
		text, err := yaml.Marshal(document)
		fmt.Println(string(text))
		return err
	case "short":
		fmt.Println("microk8s join " + first)
		for _, url := range urls {
			if url != first {
				fmt.Println("microk8s join " + url)
			}
		}
	default:
		fmt.Printf("From the node you wish to join to this cluster, run the following:\nmicrok8s join %s\n\n", first)
		if snap.Locked("ha-cluster") {
			fmt.Printf("Use the '--worker' flag to join a node as a worker not running the control plane, eg:\n"+
				"microk8s join %s --worker\n\n", first)
		}
		fmt.Println("If the node you are adding is not reachable through the default interface you can use one of the following:")
		for _, url := range urls {
			fmt.Println("microk8s join " + url)
		}
	}
	return nil
}
