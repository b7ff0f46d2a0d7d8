// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package edge

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"lightk8s.invalid/testbed/common/api"
)

func pod(name, uid string) api.Object {
	return api.Object{"metadata": map[string]any{"namespace": "default", "name": name, "uid": uid, "resourceVersion": "7"}}
}

// watched reads the first events of a watch.
func watched(t *testing.T, c *collection, query string, n int) []change {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(c.watch))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var found []change
	for lines := bufio.NewScanner(res.Body); len(found) < n && lines.Scan(); {
		var one change
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		found = append(found, one)
	}
	cancel()
	return found
}

func TestAWatchGoesOnWhereTheListEnded(t *testing.T) {
	c := newCollection(typePod, []api.Object{pod("a", "1")})
	version := c.list()["metadata"].(map[string]any)["resourceVersion"].(string)
	c.set(pod("b", "2"))
	c.remove("default", "a", "1")
	events := watched(t, c, "resourceVersion="+version, 2)
	if events[0].Type != "ADDED" || metaOf(events[0].Object).name != "b" || events[1].Type != "DELETED" {
		t.Error(events)
	}
}

func TestAWatchWithoutAVersionBeginsWithAll(t *testing.T) {
	c := newCollection(typePod, []api.Object{pod("a", "1")})
	events := watched(t, c, "sendInitialEvents=true", 2)
	if events[0].Type != "ADDED" || events[1].Type != "BOOKMARK" {
		t.Error(events)
	}
}

func TestAVersionOfTheAPIServerHasExpired(t *testing.T) {
	out := httptest.NewRecorder()
	newCollection(typePod, nil).watch(out, httptest.NewRequest(http.MethodGet, "/?resourceVersion=7", nil))
	if out.Code != http.StatusGone {
		t.Error(out.Code)
	}
}

func TestAPodOfTheSameNameIsAnother(t *testing.T) {
	c := newCollection(typePod, []api.Object{pod("a", "1")})
	c.set(pod("a", "2"))
	if len(c.log) != 2 || c.log[0].Type != "DELETED" || c.log[1].Type != "ADDED" {
		t.Error(c.log)
	}
	if c.remove("default", "a", "1"); c.get("default", "a") == nil {
		t.Error("the former pod took the new one along")
	}
}

func TestTheDatabaseForgetsTokensOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "edgecore.db")
	db, err := openDatabase(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.putObject(typePod, pod("a", "1")); err != nil {
		t.Fatal(err)
	}
	request := api.Object{"spec": map[string]any{
		"audiences": []any{"x"}, "expirationSeconds": 3607.0,
		"boundObjectRef": map[string]any{"kind": "Pod", "apiVersion": "v1", "name": "a", "uid": "1"},
	}}
	key := tokenKey("default", "robot", request)
	if wanted := `"robot"/"default"/[]string{"x"}/3607/v1.BoundObjectReference{Kind:"Pod", APIVersion:"v1", Name:"a", UID:"1"}`; key != wanted {
		t.Error(key)
	}
	if err := db.put(key, typeToken, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := db.forgetTokens(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.get(key, "serviceaccount"); err == nil || err.Error() != "serviceaccount length from meta db is 0" {
		t.Error(err)
	}
	if pods, err := db.all(typePod); err != nil || len(pods) != 1 {
		t.Error(pods, err)
	}
}

func TestPathsOfRequests(t *testing.T) {
	for path, wanted := range map[string]target{
		"/api/v1/nodes/a/status":                           {"nodes", "", "a", "status"},
		"/api/v1/namespaces/default/pods/p/status":         {"pods", "default", "p", "status"},
		"/api/v1/pods":                                     {"pods", "", "", ""},
		"/apis/coordination.k8s.io/v1/namespaces/n/leases": {"leases", "n", "", ""},
		"/api/v1/namespaces/d/serviceaccounts/sa/token":    {"serviceaccounts", "d", "sa", "token"},
	} {
		if got := parse(path); got != wanted {
			t.Errorf("%s: %v", path, got)
		}
	}
}
