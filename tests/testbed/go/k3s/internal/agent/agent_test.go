// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package agent

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const registriesYAML = `
mirrors:
  docker.io:
    endpoint: ["https://mirror.example:5000", "https://registry-1.docker.io/v2"]
    rewrite: {"^rancher/(.*)": "copy/$1"}
  "*":
    endpoint: ["http://all.example"]
configs:
  mirror.example:5000:
    auth: {username: u, password: p"w}
    tls: {ca_file: /ca, insecure_skip_verify: true}
`

func TestRegistries(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "registries.yaml")
	if err := os.WriteFile(file, []byte(registriesYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := readRegistries(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.writeHosts(filepath.Join(dir, "certs.d"), false); err != nil {
		t.Fatal(err)
	}
	read := func(host string) string {
		text, err := os.ReadFile(filepath.Join(dir, "certs.d", host, "hosts.toml"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	docker := read("docker.io")
	for _, want := range []string{`server = "https://registry-1.docker.io/v2"`, `[host."https://mirror.example:5000/v2"]`,
		`ca = ["/ca"]`, "skip_verify = true", `"^rancher/(.*)" = "copy/$1"`} {
		if !strings.Contains(docker, want) {
			t.Errorf("%s is missing in\n%s", want, docker)
		}
	}
	if strings.Count(docker, "registry-1") != 1 {
		t.Errorf("the default endpoint is listed as a mirror:\n%s", docker)
	}
	if all := read("_default"); strings.Contains(all, "server =") || !strings.Contains(all, `"http://all.example/v2"`) {
		t.Errorf("wildcard:\n%s", all)
	}
	if a := r.auth(); !strings.Contains(a, `username = "u"`) || !strings.Contains(a, `"p\"w"`) {
		t.Errorf("credentials:\n%s", a)
	}
}

func TestNoRegistries(t *testing.T) {
	r, err := readRegistries(filepath.Join(t.TempDir(), "none"))
	if err != nil || r.auth() != "" {
		t.Errorf("%v %v", r, err)
	}
}

// greeter answers every connection with its name.
func greeter(t *testing.T, name string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(name + "\n"))
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestBalancerFailsOverAndRemembers(t *testing.T) {
	one, two := greeter(t, "one"), greeter(t, "two")
	state := filepath.Join(t.TempDir(), "lb.json")
	b, err := startBalancer(t.Context(), 0, one.Addr().String(), state)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(address string) string {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		line, _ := bufio.NewReader(c).ReadString('\n')
		return strings.TrimSpace(line)
	}
	b.set([]string{one.Addr().String(), two.Addr().String()})
	if got := ask(b.local); got != "one" {
		t.Errorf("first: %q", got)
	}
	_ = one.Close()
	if got := ask(b.local); got != "two" {
		t.Errorf("after the loss of one: %q", got)
	}
	again, err := startBalancer(t.Context(), 0, one.Addr().String(), state)
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(again.local); got != "two" {
		t.Errorf("after a restart: %q", got)
	}
}

func TestImagesAreTakenWhenTheyStoppedGrowing(t *testing.T) {
	dir := t.TempDir()
	i := &images{dir: dir, seen: map[string]imageState{}}
	for _, n := range []string{"a.tar", "b.tar.zst", "c.tgz", "list.txt", ".hidden.tar", "d.zip", ".cache.json"} {
		if err := os.WriteFile(filepath.Join(dir, n), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first := i.scan(nil)
	if len(first) != 4 {
		t.Errorf("candidates: %v", first)
	}
	if len(i.seen) != 0 {
		t.Errorf("taken at first sight: %v", i.seen)
	}
}

func TestUsableResolvConf(t *testing.T) {
	for text, want := range map[string]bool{
		"nameserver 192.0.2.1\n": true, "nameserver 127.0.0.53\n": false, "": false,
		"nameserver 192.0.2.1\nnameserver ::1\n": false, "search x\n": false,
	} {
		f := filepath.Join(t.TempDir(), "resolv.conf")
		if err := os.WriteFile(f, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if usableResolvConf(f) != want {
			t.Errorf("%q: not %v", text, want)
		}
	}
}
