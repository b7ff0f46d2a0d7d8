// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

const nowhere = "K3S_CONFIG_FILE=/nowhere"

func parsed(t *testing.T, line string, environ ...string) *Command {
	t.Helper()
	c, err := ParseCommand(strings.Fields(line), append(environ, nowhere))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return c
}

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		line, path string
		rest       []string
		check      func(*ToolOptions) bool
	}{
		{"--version", PathVersion, nil, nil},
		{"-v", PathVersion, nil, nil},
		{"", PathHelp, nil, nil},
		{"--help", PathHelp, nil, nil},
		{"help token create", PathHelp, nil, nil},
		{"token", PathHelp, nil, nil},
		{"token list --help", PathHelp, nil, nil},
		{"etcd-snapshot -h", PathHelp, nil, nil},
		{"kubectl get --no-such nodes", "kubectl", []string{"get", "--no-such", "nodes"}, nil},
		{"ctr --help", "ctr", []string{"--help"}, nil},
		{"check-config x", "check-config", []string{"x"}, nil},
		{"--debug crictl ps", "crictl", []string{"ps"}, nil},
		{"token create", "token create", nil, func(o *ToolOptions) bool {
			return o.TTL == 24*time.Hour && len(o.Usages) == 2 && o.Groups[0] == "system:bootstrappers:k3s:default-node-token"
		}},
		{"token create --ttl 0 --usages signing --description=x abcdef.0123456789abcdef", "token create", []string{"abcdef.0123456789abcdef"}, func(o *ToolOptions) bool {
			return o.TTL == 0 && len(o.Usages) == 1 && o.Description == "x"
		}},
		{"token delete a b", "token delete", []string{"a", "b"}, nil},
		{"token rotate -t x --new-token y", "token rotate", nil, func(o *ToolOptions) bool {
			return o.Token == "x" && o.NewToken == "y" && o.Server == localServer
		}},
		{"-d /x token generate", "token generate", nil, func(o *ToolOptions) bool { return o.DataDir == "/x" }},
		{"etcd-snapshot l -o json", "etcd-snapshot ls", nil, func(o *ToolOptions) bool { return o.Output == "json" }},
		{"etcd-snapshot --s3 --dir=/x save --name y", "etcd-snapshot save", nil, func(o *ToolOptions) bool {
			return o.S3.Enabled && o.SnapshotDir == "/x" && o.SnapshotName == "y" && o.S3.Region == "us-east-1"
		}},
		{"etcd-snapshot prune --etcd-snapshot-retention 2", "etcd-snapshot prune", nil, func(o *ToolOptions) bool {
			return o.SnapshotRetention == 2 && o.SnapshotName == "on-demand"
		}},
		{"secrets-encrypt status -o json", "secrets-encrypt status", nil, nil},
		{"secrets-encrypt reencrypt -f --skip", "secrets-encrypt reencrypt", nil, func(o *ToolOptions) bool { return o.Force && o.Skip }},
		{"certificate rotate -s admin,etcd -s kubelet", "certificate rotate", nil, func(o *ToolOptions) bool {
			return reflect.DeepEqual(o.Services, []string{"admin", "etcd", "kubelet"})
		}},
		{"certificate rotate-ca --path /x --force", "certificate rotate-ca", nil, func(o *ToolOptions) bool { return o.Path == "/x" && o.Force }},
		{"completion bash -i", "completion bash", nil, func(o *ToolOptions) bool { return o.Install }},
	} {
		got := parsed(t, c.line)
		if got.Path != c.path || len(got.Args) != len(c.rest) || len(c.rest) > 0 && !reflect.DeepEqual(got.Args, c.rest) {
			t.Errorf("%q: %+v", c.line, got)
		}
		if c.check != nil && !c.check(got.Tool) {
			t.Errorf("%q: %+v", c.line, got.Tool)
		}
		if c.path == PathHelp && !strings.Contains(got.Help, "OPTIONS:") {
			t.Errorf("%q: help %q", c.line, got.Help)
		}
	}
}

func TestCommandsRefused(t *testing.T) {
	for line, want := range map[string]string{
		"--no-such":               "flag provided but not defined: -no-such",
		"nosuch":                  "No help topic for 'nosuch'",
		"token nosuch":            "No help topic for 'nosuch'",
		"server --version":        "flag provided but not defined: -version",
		"token list --ttl 1h":     "flag provided but not defined: -ttl",
		"token generate x":        "this command does not take any arguments",
		"token delete":            "missing argument; 'token delete' is missing token",
		"token create --ttl soon": `invalid value "soon" for flag -ttl: parse error`,
		"etcd-snapshot save x":    "this command does not take any arguments",
		"etcd-snapshot delete":    "no snapshots given for removal",
		"etcd-snapshot prune --snapshot-retention=1":       "flag provided but not defined: -snapshot-retention",
		"etcd-snapshot save --etcd-snapshot-name=x":        "flag provided but not defined: -etcd-snapshot-name",
		"etcd-snapshot save --dir=a --etcd-snapshot-dir=b": "Cannot use two forms of the same flag: dir etcd-snapshot-dir",
		"secrets-encrypt status --force":                   "flag provided but not defined: -force",
		"certificate rotate --output=json":                 "flag provided but not defined: -output",
		"certificate rotate-ca":                            `Required flag "path" not set`,
		"certificate check --kubeconfig=x":                 "flag provided but not defined: -kubeconfig",
	} {
		if _, err := ParseCommand(strings.Fields(line), []string{nowhere}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", line, err, want)
		}
	}
}

func TestSnapshotReadsServerConfig(t *testing.T) {
	config := files(t, map[string]string{"config.yaml": "cluster-init: true\netcd-snapshot-dir: /srv\netcd-s3: true\ndata-dir: /d\n"})
	c, err := ParseCommand([]string{"etcd-snapshot", "ls"}, []string{"K3S_CONFIG_FILE=" + config})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Unknown flag --cluster-init found in config.yaml, skipping\n"}
	if !reflect.DeepEqual(c.Warnings, want) || c.Tool.SnapshotDir != "/srv" || !c.Tool.S3.Enabled || c.Tool.DataDir != "/d" {
		t.Errorf("%q %+v", c.Warnings, c.Tool)
	}
}

func TestDataDirOfTools(t *testing.T) {
	config := "K3S_CONFIG_FILE=" + files(t, map[string]string{"config.yaml": "data-dir: /file\ntoken: x\n"})
	for _, c := range []struct {
		argv []string
		env  string
		want string
	}{
		{[]string{"token", "list"}, "", "/file"},
		{[]string{"secrets-encrypt", "status"}, "K3S_DATA_DIR=/env", "/env"},
		{[]string{"certificate", "check", "-d", "/line"}, "K3S_DATA_DIR=/env", "/line"},
	} {
		got, err := ParseCommand(c.argv, []string{config, c.env})
		if err != nil || got.Tool.DataDir != c.want || got.Tool.Token != "" {
			t.Errorf("%v: %+v %v", c.argv, got, err)
		}
	}
}

func TestBadConfigInTools(t *testing.T) {
	config := []string{"K3S_CONFIG_FILE=" + files(t, map[string]string{"config.yaml": "a: ["})}
	var bad *ConfigError
	for _, line := range []string{"token list", "etcd-snapshot ls", "secrets-encrypt status", "certificate check", "check-config"} {
		if _, err := ParseCommand(strings.Fields(line), config); !errors.As(err, &bad) {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, line := range []string{"kubectl get", "crictl ps", "ctr c ls"} {
		c, err := ParseCommand(strings.Fields(line), config)
		if err != nil || len(c.Warnings) != 1 || !strings.HasPrefix(c.Warnings[0], "yaml: ") {
			t.Errorf("%s: %+v %v", line, c, err)
		}
	}
}

func TestReport(t *testing.T) {
	_, usage := ParseCommand([]string{"agent", "--nope"}, []string{nowhere})
	for _, c := range []struct {
		err           error
		message, text string
		code          int
	}{
		{usage, "Error: flag provided but not defined: -nope", "Incorrect Usage: flag provided but not defined: -nope\n\nNAME:\n   k3s agent\n", 1},
		{&ConfigError{errors.New("yaml: bad")}, "yaml: bad", "", 1},
		{&TopicError{"x"}, "No help topic for 'x'", "", 3},
		{errNoArgs, "Error: this command does not take any arguments", "", 1},
	} {
		var out bytes.Buffer
		message, code := report(c.err, &out)
		if message != c.message || code != c.code || !strings.HasPrefix(out.String(), c.text) || c.text == "" && out.Len() > 0 {
			t.Errorf("%v: %q %d %q", c.err, message, code, out.String())
		}
	}
}

func TestHelpHidesAndLists(t *testing.T) {
	text := parsed(t, "server --help").Help
	for _, want := range []string{"--write-kubeconfig value, -o value", "[$K3S_KUBECONFIG_OUTPUT]", "--cluster-init ", "(default: vxlan)", "-v value"} {
		if !strings.Contains(text, want) {
			t.Errorf("help lacks %q", want)
		}
	}
	for _, not := range []string{"kine-tls", "disable-agent", "disable-apiserver-lb", "airgap-extra-registry"} {
		if strings.Contains(text, not) {
			t.Errorf("help shows %q", not)
		}
	}
}
