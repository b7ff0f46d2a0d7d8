// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// files writes a tree of configuration files and returns the path of config.yaml in it.
func files(t *testing.T, tree map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range tree {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "config.yaml")
}

func parse(t *testing.T, config string, argv []string, environ ...string) *Options {
	t.Helper()
	o, err := Parse(argv, append(environ, "K3S_CONFIG_FILE="+config))
	if err != nil {
		t.Fatalf("%v: %v", argv, err)
	}
	return o
}

func TestPrecedence(t *testing.T) {
	const name = "node-name"
	main := map[string]string{"config.yaml": "node-name: main\n"}
	both := map[string]string{
		"config.yaml": "node-name: main\n", "config.yaml.d/20.yaml": "node-name: twenty\n",
		"config.yaml.d/10.yaml": "node-name: ten\n",
	}
	for _, c := range []struct {
		tree         map[string]string
		argv, env    []string
		want, source string
	}{
		{main, []string{"server"}, nil, "main", "config.yaml"},
		{main, []string{"server"}, []string{"K3S_NODE_NAME=env"}, "main", "config.yaml"},
		{both, []string{"agent"}, []string{"K3S_NODE_NAME=env"}, "twenty", "20.yaml"},
		{both, []string{"agent", "--node-name", "Line"}, nil, "line", SourceCommandLine},
		{nil, []string{"agent"}, []string{"K3S_NODE_NAME=env"}, "env", "environment K3S_NODE_NAME"},
		{nil, []string{"agent", "-node-name=x", "--node-name=y"}, nil, "y", SourceCommandLine},
	} {
		o := parse(t, files(t, c.tree), c.argv, c.env...)
		if o.NodeName != c.want || !strings.HasSuffix(o.Source[name], c.source) {
			t.Errorf("%v %v: got %q from %q, want %q from %q", c.argv, c.env, o.NodeName, o.Source[name], c.want, c.source)
		}
	}
}

func TestConfigFileChoice(t *testing.T) {
	one := files(t, map[string]string{"config.yaml": "token: one\n"})
	two := files(t, map[string]string{"config.yaml": "token: two\n"})
	three := files(t, map[string]string{"config.yaml.d/a.yml": "token: three\n"})
	for _, c := range []struct {
		argv, env []string
		want      string
	}{
		{[]string{"server", "--config", one}, nil, "one"},
		{[]string{"server", "--config=" + one}, nil, "one"},
		{[]string{"server", "-c", one}, nil, "one"},
		{[]string{"server", "-c=" + one}, []string{"K3S_CONFIG_FILE=" + two}, "two"},
		{[]string{"agent", "-c", three}, nil, "three"},
		{[]string{"agent", "-c", "/no/such/file"}, nil, ""},
	} {
		o, err := Parse(c.argv, c.env)
		if err != nil || o.Token != c.want {
			t.Errorf("%v %v: %v %v", c.argv, c.env, o, err)
		}
	}
}

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		what  string
		tree  map[string]string
		field func(*Options) []string
		argv  []string
		want  []string
	}{
		{"list replaces list", map[string]string{"config.yaml": "node-label: [a=1, b=2]", "config.yaml.d/a.yaml": "node-label: [c=3]"}, labels, nil, []string{"c=3"}},
		{"plus appends", map[string]string{"config.yaml": "node-label: [a=1]", "config.yaml.d/a.yaml": "node-label+: [c=3]"}, labels, nil, []string{"a=1", "c=3"}},
		{"plus makes scalars a list", map[string]string{"config.yaml": "node-label: a=1", "config.yaml.d/a.yaml": "node-label+: c=3"}, labels, nil, []string{"a=1", "c=3"}},
		{"plus with nothing before", map[string]string{"config.yaml": "node-label+: [a=1]"}, labels, nil, []string{"a=1"}},
		{"later file without plus replaces", map[string]string{"config.yaml": "node-label: [a=1]", "config.yaml.d/a.yaml": "node-label+: [b=2]", "config.yaml.d/b.yaml": "node-label: [c=3]"}, labels, nil, []string{"c=3"}},
		{"suffix in any case, hidden too", map[string]string{"config.yaml.d/.a.YAML": "node-label: a=1", "config.yaml.d/b.YmL": "node-label+: b=2", "config.yaml.d/c.txt": "node-label+: no"}, labels, nil, []string{"a=1", "b=2"}},
		{"byte order", map[string]string{"config.yaml.d/a.yaml": "node-label+: a", "config.yaml.d/B.yaml": "node-label+: B"}, labels, nil, []string{"B", "a"}},
		{"folders are skipped", map[string]string{"config.yaml.d/x.yaml/y.yaml": "node-label: a", "config.yaml.d/z.yaml": "node-label: z"}, labels, nil, []string{"z"}},
		{"same key twice", map[string]string{"config.yaml": "node-label: a\nnode-label: b"}, labels, nil, []string{"b"}},
		{"empty list is nothing", map[string]string{"config.yaml": "node-label: []"}, labels, nil, nil},
		{"command line appends", map[string]string{"config.yaml": "node-label: [a]"}, labels, []string{"--node-label", "b"}, []string{"a", "b"}},
		{"labels keep commas", map[string]string{"config.yaml": "node-label: 'a=1,b=2'"}, labels, nil, []string{"a=1,b=2"}},
		{"disable splits commas", map[string]string{"config.yaml": "disable: 'traefik,servicelb'"}, func(o *Options) []string { return o.Disable }, nil, []string{"traefik", "servicelb"}},
		{"tls-san splits commas", map[string]string{"config.yaml": "tls-san: ['a,b', c]"}, func(o *Options) []string { return o.TLSSan }, nil, []string{"a", "b", "c"}},
		{"old alias joins its new name", map[string]string{"config.yaml": "kube-controller-arg: a=1\nkube-controller-manager-arg: b=2"}, func(o *Options) []string { return o.KubeControllerManagerArg }, nil, []string{"a=1", "b=2"}},
	} {
		o := parse(t, files(t, c.tree), append([]string{"server"}, c.argv...))
		if got := c.field(o); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func labels(o *Options) []string { return o.NodeLabel }

func TestUnknownKeys(t *testing.T) {
	config := files(t, map[string]string{"config.yaml": "no-such: 1\nx: [1, 2]\ntoken: t\nno-deploy: traefik\n"})
	o := parse(t, config, []string{"server"})
	want := []string{
		"Unknown flag --no-such found in config.yaml, skipping\n", "Unknown flag -x found in config.yaml, skipping\n",
		"Unknown flag -x found in config.yaml, skipping\n", "Unknown flag --no-deploy found in config.yaml, skipping\n",
	}
	if !slices.Equal(o.Warnings, want) || o.Token != "t" {
		t.Errorf("warnings %q, token %q", o.Warnings, o.Token)
	}
	for _, tree := range []string{"no-such: 1", "disable: traefik", "tls-san: a", "no-flannel: true"} {
		_, err := Parse([]string{"agent"}, []string{"K3S_CONFIG_FILE=" + files(t, map[string]string{"config.yaml": tree})})
		name, _, _ := strings.Cut(tree, ":")
		var usage *UsageError
		if !errors.As(err, &usage) || err.Error() != "flag provided but not defined: -"+name {
			t.Errorf("agent with %s: %v", tree, err)
		}
	}
}

func TestYAMLQuirks(t *testing.T) {
	for _, c := range []struct {
		text string
		get  func(*Options) any
		want any
	}{
		{"write-kubeconfig-mode: 0644", func(o *Options) any { return o.WriteKubeconfigMode }, "420"},
		{"write-kubeconfig-mode: '0644'", func(o *Options) any { return o.WriteKubeconfigMode }, "0644"},
		{"token: 012345", func(o *Options) any { return o.Token }, "5349"},
		{"token: 1e10", func(o *Options) any { return o.Token }, "1e+10"},
		{"token:", func(o *Options) any { return o.Token }, ""},
		{"cluster-init: yes", func(o *Options) any { return o.ClusterInit }, true},
		{"cluster-init: off", func(o *Options) any { return o.ClusterInit }, false},
		{"tls-san-security: false", func(o *Options) any { return o.TLSSanSecurity }, false},
		{"debug: 'T'", func(o *Options) any { return o.Debug }, true},
		{"v: 3", func(o *Options) any { return o.Verbosity }, 3},
		{"t: short", func(o *Options) any { return o.Token }, "short"},
		{"token: {a: 1}", func(o *Options) any { return o.Token }, "[{a 1}]"},
		{"etcd-snapshot-reconcile-interval: 1h", func(o *Options) any { return o.EtcdSnapshotReconcile }, time.Hour},
	} {
		o := parse(t, files(t, map[string]string{"config.yaml": c.text}), []string{"server"})
		if got := c.get(o); got != c.want {
			t.Errorf("%s: got %v, want %v", c.text, got, c.want)
		}
	}
	o := parse(t, files(t, map[string]string{"config.yaml": "write-kubeconfig-mode: 0644"}), []string{"server"})
	if mode, err := o.KubeconfigMode(); err != nil || mode != 0o420 {
		t.Errorf("mode %o %v", mode, err)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		config string
		argv   []string
		env    string
		want   string
	}{
		{"", []string{"server", "--no-such"}, "", "flag provided but not defined: -no-such"},
		{"", []string{"server", "-no-such=1"}, "", "flag provided but not defined: -no-such"},
		{"", []string{"agent", "--cluster-init"}, "", "flag provided but not defined: -cluster-init"},
		{"", []string{"server", "--disable-apiserver-lb"}, "", "flag provided but not defined: -disable-apiserver-lb"},
		{"", []string{"server", "--helm-controller-arg=a"}, "", "flag provided but not defined: -helm-controller-arg"},
		{"", []string{"server", "--cluster-secret=a"}, "", "flag provided but not defined: -cluster-secret"},
		{"", []string{"server", "--disable-selinux"}, "", "flag provided but not defined: -disable-selinux"},
		{"", []string{"server", "--debug=maybe"}, "", `invalid boolean value "maybe" for -debug: parse error`},
		{"", []string{"server", "--https-listen-port=x"}, "", `invalid value "x" for flag -https-listen-port: parse error`},
		{"", []string{"server", "--token"}, "", "flag needs an argument: -token"},
		{"", []string{"server", "extra"}, "", "this command does not take any arguments"},
		{"https-listen-port:", []string{"server"}, "", `invalid value "" for flag -https-listen-port: parse error`},
		{"cluster-init:", []string{"server"}, "", `invalid boolean value "" for -cluster-init: parse error`},
		{"token: a", []string{"server", "-t", "b"}, "", "Cannot use two forms of the same flag: t token"},
		{"", []string{"server"}, "K3S_CLUSTER_INIT=maybe", `could not parse "maybe" as bool value from environment variable "K3S_CLUSTER_INIT" for flag cluster-init: parse error`},
		{"a: [", []string{"server"}, "", "yaml: "},
		{"just text", []string{"agent"}, "", "yaml: "},
		{"- a\n- b", []string{"server"}, "", "yaml: "},
	} {
		config := files(t, map[string]string{"config.yaml": c.config})
		_, err := Parse(c.argv, []string{"K3S_CONFIG_FILE=" + config, c.env})
		exact := err != nil && err.Error() == c.want
		if !exact && (err == nil || !strings.HasSuffix(c.want, ": ") || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%q %v %s: got %v, want %s", c.config, c.argv, c.env, err, c.want)
		}
	}
}

func TestHelpReadsNoFile(t *testing.T) {
	bad := files(t, map[string]string{"config.yaml": "a: ["})
	for _, argv := range [][]string{{"server", "--help"}, {"agent", "--token", "x", "-h"}} {
		if _, err := Parse(argv, []string{"K3S_CONFIG_FILE=" + bad}); !errors.Is(err, ErrHelp) {
			t.Errorf("%v: %v", argv, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	o := parse(t, "/nowhere", []string{"server", "--data-dir=/srv/k3s", "--node-ip", "10.0.0.1,fd00::1"})
	got := fmt.Sprint(o.DataDir, o.EtcdSnapshotDir, o.DefaultLocalStorage, o.WriteKubeconfig, o.WriteKubeconfigMode,
		o.ClusterCIDR, o.ServiceCIDR, o.ClusterDNS, o.NodeIP, o.HTTPSListenPort, o.S3.Region, o.S3.Timeout)
	want := "/srv/k3s/srv/k3s/server/db/snapshots/srv/k3s/storage/etc/rancher/k3s/k3s.yaml0600[10.42.0.0/16] [10.43.0.0/16] [10.43.0.10] [10.0.0.1 fd00::1] 6443us-east-15m0s"
	if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if o.Given("token") || !o.Given("data-dir") || o.Source["etcd-s3-region"] != SourceDefault {
		t.Errorf("sources: %v", o.Source)
	}
	six := parse(t, "/nowhere", []string{"server", "-i", "fd00::1"})
	if six.ClusterCIDR[0] != "fd00:42::/56" || six.ClusterDNS[0] != "fd00:43::a" {
		t.Errorf("IPv6 only: %v %v", six.ClusterCIDR, six.ClusterDNS)
	}
	empty := parse(t, "/nowhere", []string{"server"}, "K3S_LB_SERVER_PORT=", "K3S_TOKEN=", "K3S_DEBUG=")
	if empty.LBServerPort != 6444 || empty.Debug || empty.Source["token"] != "environment K3S_TOKEN" {
		t.Errorf("empty variables: %+v", empty)
	}
}

func TestStartChecks(t *testing.T) {
	root := host{uid: 0, now: time.Now(), exists: func(string) bool { return false }}
	user := root
	user.uid = 1000
	early := root
	early.now = time.Unix(0, 0)
	joined := root
	joined.exists = func(p string) bool { return strings.HasSuffix(p, "client-kubelet.crt") }
	for _, c := range []struct {
		h    host
		argv string
		want string
	}{
		{root, "server", ""},
		{early, "server", "server time isn't set properly: "},
		{user, "server", "server must run as root, or with --rootless and/or --disable-agent"},
		{user, "server --disable-agent", ""},
		{root, "server --cluster-reset-restore-path=x", "invalid flag use; --cluster-reset required with --cluster-reset-restore-path"},
		{root, "server --disable-etcd", "invalid flag use; --server is required with --disable-etcd"},
		{root, "server --disable-apiserver --datastore-endpoint=x", "invalid flag use; cannot use --disable-apiserver with --datastore-endpoint"},
		{root, "server --disable-etcd --server=https://x --datastore-endpoint=x", "invalid flag use; cannot use --disable-etcd with --datastore-endpoint"},
		{root, "server --cluster-cidr=10.0.0.0", "invalid cluster-cidr 10.0.0.0: invalid CIDR address: 10.0.0.0"},
		{root, "server --service-cidr=10.0.0.0/16,x", "invalid service-cidr x: invalid CIDR address: x"},
		{root, "server --service-node-port-range=9-1", "invalid port range 9-1: end port cannot be less than start port: 9-1"},
		{root, "server --service-node-port-range=70000", "invalid port range 70000: unable to parse port range: "},
		{root, "server --service-node-port-range=30000+100", ""},
		{root, "server --cluster-dns=10.43.0.300", "invalid cluster-dns address 10.43.0.300"},
		{root, "server --egress-selector-mode=none", "invalid egress-selector-mode none"},
		{root, "server --kube-apiserver-arg=tls-min-version=1.2", `invalid tls-min-version: unknown tls version "1.2"`},
		{root, "server --kube-apiserver-arg=tls-cipher-suites=TLS_AES_128_GCM_SHA256", ""},
		{root, "server --kube-apiserver-arg=tls-cipher-suites=NONE", "invalid tls-cipher-suites: Cipher suite NONE not supported or doesn't exist"},
		{root, "server --cluster-cidr=fd00::/56", "cluster-cidr: [fd00::/56] and service-cidr: [10.43.0.0/16], must share the same IP version"},
		{root, "server --node-ip=10.0.0.1 --cluster-cidr=10.0.0.0/8,fd00::/56 --service-cidr=10.1.0.0/16,fd01::/112", "cluster-cidr: [10.0.0.0/8 fd00::/56] and node-ip: [10.0.0.1], must share the same IP version"},
		{root, "server --embedded-registry --docker", "embedded registry mirror requires embedded containerd"},
		{root, "server --cluster-reset --server=https://x", "cannot perform cluster-reset while server URL is set - remove server from configuration before resetting"},
		{root, "server --cluster-reset --cluster-reset-restore-path=x -d /d", "/d/server/token does not exist, please pass --token to complete the restoration"},
		{root, "server --cluster-reset --cluster-reset-restore-path=x --token=y", ""},
		{root, "server --disable=typo --flannel-backend=typo", ""},
		{root, "agent", "--token is required"},
		{root, "agent --token=x", "--server is required"},
		{joined, "agent --server=https://x", ""},
		{user, "agent --token=x --server=https://x", "agent requires additional privilege if not run with --rootless"},
	} {
		err := validate(parse(t, "/nowhere", strings.Fields(c.argv)), c.h)
		if (c.want == "") != (err == nil) || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.argv, err, c.want)
		}
	}
}

func TestTokenFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	h := host{now: time.Now(), exists: func(string) bool { return true }}
	waits := 0
	h.wait = func(time.Duration) {
		if waits++; waits == 2 {
			if err := os.WriteFile(path, []byte("from-file\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	config := files(t, map[string]string{"config.yaml": "token: from-config\n"})
	o := parse(t, config, []string{"server", "--agent-token-file", path}, "K3S_TOKEN_FILE="+path)
	if err := validate(o, h); err != nil {
		t.Fatal(err)
	}
	if o.Token != "from-file" || o.AgentToken != "from-file" || waits != 2 {
		t.Errorf("token %q, agent token %q, waits %d", o.Token, o.AgentToken, waits)
	}
}
