// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/agent"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
	"lightk8s.invalid/testbed/microk8s/internal/tokens"
)

// caller talks to cluster agents, whose certificates it does not verify by itself.
func caller(check func(tls.ConnectionState) error) *http.Client {
	return &http.Client{Timeout: 4 * time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, VerifyConnection: check}}}
}

// refused is an answer other than 200.
type refused struct {
	code int
	text string
}

func (r *refused) Error() string { return r.text }

func post(c *http.Client, url string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	res, err := c.Post(url, "application/json", bytes.NewReader(text))
	if err != nil {
		return err
	}
	return answer(res, into)
}

func answer(res *http.Response, into any) error {
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		var said struct {
			Error string `json:"error"`
		}
		_ = json.Unmarshal(text, &said)
		return &refused{res.StatusCode, said.Error}
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

func agentPort() string {
	if _, port, err := net.SplitHostPort(snap.Value("cluster-agent", "--bind")); err == nil {
		return port
	}
	return "25000"
}

// others are the addresses of the cluster's nodes; this one's only if asked for.
func others(self bool) ([]string, error) {
	out, err := snap.Kubectl("get", "nodes", "-o",
		`jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}`).Output()
	if err != nil {
		return nil, errors.New("Could not query for nodes")
	}
	own := snap.Addresses()
	return slices.DeleteFunc(strings.Fields(string(out)), func(a string) bool { return !self && slices.Contains(own, a) }), nil
}

// everywhere changes flags of a service on all nodes, and restarts it if asked for.
func everywhere(service string, values map[string]*string, restart bool) error {
	args, err := snap.LoadArgs(service)
	if err != nil {
		return err
	}
	change := agent.ServiceChange{Name: service}
	for flag, value := range values {
		if value == nil {
			args.Remove(flag)
			change.Remove = append(change.Remove, flag)
		} else {
			args.Set(flag, *value)
			change.Update = append(change.Update, map[string]string{flag: *value})
		}
	}
	if err := args.Save(); err != nil {
		return err
	}
	list, err := []string(nil), error(nil)
	if snap.Exists(snap.Data("credentials", tokens.Callback)) {
		if list, err = others(false); err != nil {
			return err
		}
	}
	if restart {
		change.Restart = "yes"
		if err := snap.Service("restart", service); err != nil {
			return err
		}
	}
	return tell(list, change)
}

func tell(nodes []string, change agent.ServiceChange) error {
	if len(nodes) == 0 {
		return nil
	}
	token, err := tokens.Own()
	if err != nil {
		return err
	}
	for _, node := range nodes {
		fmt.Printf("Adding arguments of %s to node %s.\n", change.Name, node)
		url := "https://" + net.JoinHostPort(node, agentPort()) + agent.V1 + "/configure"
		err := post(caller(nil), url, agent.Change{Callback: token, Services: []agent.ServiceChange{change}}, nil)
		var no *refused
		if errors.As(err, &no) {
			fmt.Printf("Failed to perform a change of arguments on node %s %d\n", node, no.code)
		} else if err != nil {
			fmt.Println("Failed to reach node.")
			return Exit(1)
		}
	}
	return nil
}

// push imports an archive on all nodes.
func push(data []byte) error {
	nodes, err := others(true)
	if err != nil {
		fmt.Println(err)
		return Exit(1)
	}
	token, err := tokens.Own()
	if err != nil {
		return err
	}
	for _, node := range nodes {
		endpoint := net.JoinHostPort(node, agentPort())
		fmt.Println("Pushing OCI images to " + endpoint)
		req, err := http.NewRequest(http.MethodPost, "https://"+endpoint+agent.V2+"/image/import", bytes.NewReader(data))
		if err != nil {
			return err
		}
		req.Header.Set("x-microk8s-callback-token", token)
		res, err := caller(nil).Do(req)
		if err == nil {
			err = answer(res, nil)
		}
		var no *refused
		if errors.As(err, &no) {
			fmt.Printf("Failed to import images on %s: %s\n", endpoint, no.text)
		} else if err != nil {
			fmt.Printf("Failed to reach %s: %v\n", endpoint, err)
		}
	}
	return nil
}

// readFile is a file as text, empty when it cannot be read.
func readFile(name string) string {
	text, _ := os.ReadFile(name)
	return string(text)
}
