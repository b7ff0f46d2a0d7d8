// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func testStore(t *testing.T) SnapshotStore {
	t.Helper()
	return SnapshotStore{
		Dir: filepath.Join(t.TempDir(), "snapshots"), Node: "n1", Retention: 5,
		Save: EtcdctlSave("sh", "-c", `test "$0-$1" = snapshot-save && printf 12345 > "$2"`),
	}
}

func names(t *testing.T, s SnapshotStore) []string {
	t.Helper()
	list, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range list.Items {
		all = append(all, f.Spec.SnapshotName)
	}
	return all
}

func TestSnapshotCommands(t *testing.T) {
	store := testStore(t)
	url, dir := server(t, map[string]http.Handler{PathSnapshot: store.Handler()})
	to := []string{"-s", url, "-d", dir}
	must(t, append([]string{"etcd-snapshot", "save", "--name", "mine"}, to...)...)
	must(t, append([]string{"etcd-snapshot", "save", "--etcd-snapshot-compress"}, to...)...)
	have := names(t, store)
	if len(have) != 2 || !strings.HasPrefix(have[0], "mine-n1-") || !strings.HasPrefix(have[1], "on-demand-n1-") || !strings.HasSuffix(have[1], ".zip") {
		t.Fatalf("after save: %q", have)
	}
	table := strings.Split(must(t, append([]string{"etcd-snapshot", "ls"}, to...)...), "\n")
	if !slices.Equal(strings.Fields(table[0]), []string{"Name", "Location", "Size", "Created"}) {
		t.Errorf("heads: %q", table[0])
	}
	row := strings.Fields(table[1])
	if len(row) != 4 || row[0] != have[0] || row[1] != "file://"+filepath.Join(store.Dir, have[0]) || row[2] != "5" || !strings.HasSuffix(row[3], "Z") {
		t.Errorf("row: %q", row)
	}
	var list struct {
		Kind  string
		Items []struct {
			Spec   struct{ SnapshotName, NodeName string }
			Status struct {
				Size       string
				ReadyToUse bool
			}
		}
	}
	text := must(t, append([]string{"etcd-snapshot", "list", "-o", "json"}, to...)...)
	if err := json.Unmarshal([]byte(text), &list); err != nil || list.Kind != "ETCDSnapshotFileList" || list.Items[0].Spec.NodeName != "n1" ||
		list.Items[0].Status.Size != "5" || !list.Items[0].Status.ReadyToUse {
		t.Errorf("json: %v %s", err, text)
	}
	if text := must(t, append([]string{"etcd-snapshot", "l", "-o", "yaml"}, to...)...); !strings.Contains(text, "snapshotName: "+have[0]) {
		t.Errorf("yaml: %s", text)
	}
	must(t, append(append([]string{"etcd-snapshot", "delete"}, to...), have[0], "unknown", "../x")...)
	if left := names(t, store); !slices.Equal(left, have[1:]) {
		t.Errorf("after delete: %q", left)
	}
}

func TestSnapshotRefusals(t *testing.T) {
	none := testStore(t)
	none.Save, none.DataDir = nil, "/data"
	broken := testStore(t)
	broken.Save = EtcdctlSave("sh", "-c", "echo no leader; exit 3")
	for _, c := range []struct {
		store SnapshotStore
		line  string
		want  string
	}{
		{none, "etcd-snapshot save", "see server log for details: URL/db/snapshot: 400 Bad Request etcd database not found in /data/server"},
		{broken, "etcd-snapshot save", "see server log for details: URL/db/snapshot: 400 Bad Request exit status 3: no leader"},
		{testStore(t), "etcd-snapshot save --name a/b", `see server log for details: URL/db/snapshot: 400 Bad Request invalid snapshot name ["a/b"]`},
		{testStore(t), "etcd-snapshot save --etcd-s3", "see server log for details: URL/db/snapshot: 400 Bad Request failed to initialize S3 client: this server has no S3 support"},
		{testStore(t), "etcd-snapshot ls -o wide", "invalid output format: wide"},
		{testStore(t), "etcd-snapshot ls -t K10x::server:y", "invalid token CA hash length"},
		{testStore(t), "etcd-snapshot ls -t K10" + strings.Repeat("0", 64) + "::server:secret", "token CA hash does not match the Cluster CA certificate hash: 000"},
		{testStore(t), "etcd-snapshot ls -t wrong", "see server log for details: URL/db/snapshot: 401 Unauthorized Unauthorized"},
		{testStore(t), "etcd-snapshot ls -s http://127.0.0.1:1", "only https:// URLs are supported, invalid scheme: http://127.0.0.1:1"},
	} {
		url, dir := server(t, map[string]http.Handler{PathSnapshot: c.store.Handler()})
		line := append(strings.Fields(c.line), "-d", dir)
		if !strings.Contains(c.line, "-s http") {
			line = append(line, "-s", url)
		}
		_, err := run(t, line...)
		if err == nil || !strings.HasPrefix(strings.ReplaceAll(err.Error(), url, "URL"), c.want) {
			t.Errorf("%s: got %v, want %s", c.line, err, c.want)
		}
	}
	_, err := run(t, "etcd-snapshot", "ls", "-d", t.TempDir())
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no token file: %v", err)
	}
}

func TestPrune(t *testing.T) {
	for retention, left := range map[int]int{0: 7, 1: 3, 2: 4, 5: 7} {
		store := testStore(t)
		store.Retention = retention
		for i := range 5 {
			write(t, filepath.Join(store.Dir, fmt.Sprintf("on-demand-n1-%d", 1000000000+i)), nil)
		}
		write(t, filepath.Join(store.Dir, "on-demand-n2-1"), nil)
		write(t, filepath.Join(store.Dir, "etcd-snapshot-n1-1"), nil)
		deleted, err := store.Prune("on-demand")
		if err != nil || len(names(t, store)) != left || len(deleted) != 7-left {
			t.Errorf("retention %d: deleted %q, left %q, %v", retention, deleted, names(t, store), err)
		}
		if len(deleted) > 0 && deleted[0] != "on-demand-n1-1000000000" {
			t.Errorf("retention %d: %q is not the oldest", retention, deleted[0])
		}
	}
}

func TestFailedSaveLeavesNothing(t *testing.T) {
	store := testStore(t)
	store.Save = func(context.Context, string) error { return errors.New("no") }
	if _, err := store.Take(t.Context(), "x"); err == nil || len(names(t, store)) != 0 {
		t.Errorf("%v, %q", err, names(t, store))
	}
}

func TestTokenRotate(t *testing.T) {
	var got []string
	url, dir := server(t, map[string]http.Handler{PathToken: TokenRotateHandler(func(n string) error {
		got = append(got, n)
		if n == "bad" {
			return errors.New("refused")
		}
		return nil
	})})
	text := must(t, "token", "rotate", "-s", url, "-d", dir, "--new-token", "other")
	if !strings.Contains(text, "WARNING") || !strings.HasSuffix(text, "Token rotated, restart k3s nodes with new token\n") {
		t.Errorf("%q", text)
	}
	made := must(t, "token", "rotate", "-s", url, "-d", dir)
	if len(got) != 2 || got[0] != "other" || len(got[1]) != 32 || strings.Contains(made, got[1]) {
		t.Errorf("%q", got)
	}
	if _, err := run(t, "token", "rotate", "-s", url, "-d", dir, "--new-token", "bad"); err == nil || !strings.HasSuffix(err.Error(), "400 Bad Request refused") {
		t.Errorf("%v", err)
	}
}

func TestEncryptStatus(t *testing.T) {
	url, dir := server(t, map[string]http.Handler{PathEncryptStatus: EncryptionStatusHandler(func() (EncryptionState, error) {
		return ReadEncryption(os.Getenv("TEST_DATA_DIR"))
	})})
	t.Setenv("TEST_DATA_DIR", dir)
	status := []string{"secrets-encrypt", "status", "-s", url, "-d", dir}
	if text := must(t, status...); text != "Encryption Status: Disabled, no configuration file found\n" {
		t.Errorf("%q", text)
	}
	config := `{"kind":"EncryptionConfiguration","resources":[{"resources":["secrets"],"providers":[%s]}]}`
	aes := `{"aescbc":{"keys":[{"name":"new","secret":"x"},{"name":"old","secret":"x"}]}}`
	cred := filepath.Join(dir, "server", "cred")
	write(t, filepath.Join(cred, "encryption-config.json"), fmt.Appendf(nil, config, aes+`,{"identity":{}}`))
	write(t, filepath.Join(cred, "encryption-state.json"), []byte(`"reencrypt_finished-abc"`))
	want := "Encryption Status: Enabled\nCurrent Rotation Stage: reencrypt_finished\nServer Encryption Hashes: All hashes match\n\n" +
		"Active  Key Type  Name\n------  --------  ----\n *      AES-CBC   new\n        AES-CBC   old\n"
	if text := must(t, status...); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	var state map[string]any
	if err := json.Unmarshal([]byte(must(t, append(status, "-o", "json")...)), &state); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(state, map[string]any{
		"stage": "reencrypt_finished", "activekey": "AES-CBC new", "enable": true, "hashmatch": true, "inactivekeys": []any{"AES-CBC old"},
	}) {
		t.Errorf("%v", state)
	}
	write(t, filepath.Join(cred, "encryption-config.json"), fmt.Appendf(nil, config, `{"identity":{}},`+aes))
	if text := must(t, status...); !strings.HasPrefix(text, "Encryption Status: Disabled\n") || strings.Contains(text, "*") {
		t.Errorf("%q", text)
	}
	if _, err := run(t, "secrets-encrypt", "rotate-keys", "-s", url, "-d", dir); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a step that the server does not serve: %v", err)
	}
}
