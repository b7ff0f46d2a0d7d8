// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package edge

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"lightk8s.invalid/testbed/common/api"
)

// schema is that of the original, as recorded.
var schema = []string{
	"CREATE TABLE IF NOT EXISTS `device` (`id` text,`name` text,`description` text,`state` text,`last_online` text,PRIMARY KEY (`id`))",
	"CREATE TABLE IF NOT EXISTS `device_attr` (`id` integer PRIMARY KEY AUTOINCREMENT,`deviceid` text,`name` text,`description` text,`value` text,`optional` numeric,`attr_type` text,`metadata` text)",
	"CREATE TABLE IF NOT EXISTS `device_twin` (`id` integer PRIMARY KEY AUTOINCREMENT,`deviceid` text,`name` text,`description` text,`expected` text,`actual` text,`expected_meta` text,`actual_meta` text,`expected_version` text,`actual_version` text,`optional` numeric,`attr_type` text,`metadata` text)",
	"CREATE TABLE IF NOT EXISTS `sub_topics` (`topic` text,PRIMARY KEY (`topic`))",
	"CREATE TABLE IF NOT EXISTS `meta` (`key` text,`type` text,`value` text,PRIMARY KEY (`key`))",
	"CREATE TABLE IF NOT EXISTS `meta_v2` (`key` text,`group_version_resource` text,`namespace` text,`name` text,`resource_version` integer,`value` text,PRIMARY KEY (`key`))",
}

// The types of rows in meta that others than one function use.
const (
	typeNode  = "node"
	typePod   = "pod"
	typeToken = "serviceaccounttoken"
)

// database is what the edge knows while the cloud is away.
type database struct{ sql *sql.DB }

func openDatabase(file string) (*database, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, statement := range schema {
		if _, err := db.Exec(statement); err != nil {
			return nil, err
		}
	}
	return &database{db}, nil
}

func rowKey(namespace, kind, name string) string {
	if namespace == "" {
		namespace = "null"
	}
	return namespace + "/" + kind + "/" + name
}

// put keeps a row of meta.
func (d *database) put(key, kind string, value []byte) error {
	_, err := d.sql.Exec("INSERT INTO meta VALUES (?,?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value", key, kind, string(value))
	return err
}

// get reads a row of meta; its message is that of the original where there is none.
func (d *database) get(key, kind string) ([]byte, error) {
	var value string
	if err := d.sql.QueryRow("SELECT value FROM meta WHERE key=?", key).Scan(&value); err != nil {
		return nil, fmt.Errorf("%s length from meta db is 0", kind)
	}
	return []byte(value), nil
}

func (d *database) remove(keys ...string) error {
	for _, key := range keys {
		if _, err := d.sql.Exec("DELETE FROM meta WHERE key=?", key); err != nil {
			return err
		}
	}
	return nil
}

// forgetTokens is done at each start: the original keeps none over it.
func (d *database) forgetTokens() error {
	_, err := d.sql.Exec("DELETE FROM meta WHERE type=?", typeToken)
	return err
}

// all reads the rows of a type.
func (d *database) all(kind string) ([]api.Object, error) {
	rows, err := d.sql.Query("SELECT value FROM meta WHERE type=?", kind)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []api.Object
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		o := api.Object{}
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			return nil, err
		}
		found = append(found, o)
	}
	return found, rows.Err()
}

func keyV2(kind, namespace, name string) string {
	if namespace == "" {
		namespace = "null"
	}
	return "/core/v1/" + kind + "s/" + namespace + "/" + name
}

// putObject keeps a pod or a node in both tables.
func (d *database) putObject(kind string, o api.Object) error {
	m := metaOf(o)
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := d.put(rowKey(m.namespace, kind, m.name), kind, text); err != nil {
		return err
	}
	version, _ := strconv.ParseInt(m.version, 10, 64)
	_, err = d.sql.Exec("INSERT INTO meta_v2 VALUES (?,?,?,?,?,?) ON CONFLICT(key) DO UPDATE SET "+
		"resource_version=excluded.resource_version, value=excluded.value",
		keyV2(kind, m.namespace, m.name), "/v1, Resource="+kind+"s", m.namespace, m.name, version, string(text))
	return err
}

func (d *database) removeObject(kind, namespace, name string) error {
	if _, err := d.sql.Exec("DELETE FROM meta_v2 WHERE key=?", keyV2(kind, namespace, name)); err != nil {
		return err
	}
	return d.remove(rowKey(namespace, kind, name), rowKey(namespace, kind+"patch", name))
}

// meta is what is often asked of an object.
type meta struct{ namespace, name, uid, version string }

func metaOf(o api.Object) meta {
	m, _ := o["metadata"].(map[string]any)
	text := func(name string) string { s, _ := m[name].(string); return s }
	return meta{text("namespace"), text("name"), text("uid"), text("resourceVersion")}
}

// tokenKey names a token as the original does.
func tokenKey(namespace, account string, request api.Object) string {
	spec, _ := request["spec"].(map[string]any)
	var audiences []string
	list, _ := spec["audiences"].([]any)
	for _, a := range list {
		audiences = append(audiences, fmt.Sprintf("%q", a))
	}
	seconds, _ := spec["expirationSeconds"].(float64)
	bound, _ := spec["boundObjectRef"].(map[string]any)
	return fmt.Sprintf("%q/%q/[]string{%s}/%d/v1.BoundObjectReference{Kind:%q, APIVersion:%q, Name:%q, UID:%q}",
		account, namespace, strings.Join(audiences, ", "), int64(seconds),
		bound["kind"], bound["apiVersion"], bound["name"], bound["uid"])
}
