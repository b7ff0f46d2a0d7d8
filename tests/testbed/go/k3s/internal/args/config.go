// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v2"
)

// ConfigError is a configuration file that cannot be read. It ends any k3s command but the
// pass-through tools.
type ConfigError struct{ Err error }

func (e *ConfigError) Error() string { return e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

// fileArg is one `--key=value` argument made from a configuration file.
type fileArg struct {
	flag string // with dashes
	text string
	path string // file it was last set in
}

func (a fileArg) String() string { return a.flag + "=" + a.text }

// entry is one key of the merged files.
type entry struct {
	key    string
	values []string
	path   string
}

// configPath finds the configuration file: environment, then the last --config on the command
// line, then the default.
func configPath(argv []string, env map[string]string) string {
	if p := env[configFileEnv]; p != "" {
		return p
	}
	return lookAhead(argv, defaultConfig, "config", "c")
}

// lookAhead reads one option out of an argument list that has not been parsed yet.
func lookAhead(argv []string, def string, names ...string) string {
	found := def
	for i, arg := range argv {
		if arg == "--" {
			break
		}
		name, text, joined := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !strings.HasPrefix(arg, "-") || !slices.Contains(names, name) {
			continue
		}
		switch {
		case joined:
			found = text
		case i+1 < len(argv):
			found = argv[i+1]
		}
	}
	return found
}

// readConfig merges the configuration file and its drop-ins into arguments. A missing file is no
// configuration, even one that was named explicitly.
func readConfig(path string) ([]fileArg, error) {
	files, err := configFiles(path)
	if err != nil {
		return nil, &ConfigError{err}
	}
	var merged []entry
	for _, f := range files {
		if merged, err = mergeFile(merged, f); err != nil {
			return nil, &ConfigError{err}
		}
	}
	var args []fileArg
	for _, e := range merged {
		for _, v := range e.values {
			args = append(args, fileArg{flag: dashed(e.key), text: v, path: e.path})
		}
	}
	return args, nil
}

func remote(path string) bool {
	return strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://")
}

// configFiles lists the main file, if it is there, and the drop-ins in byte order of their names.
func configFiles(path string) ([]string, error) {
	var files []string
	if remote(path) {
		files = append(files, path)
	} else if _, err := os.Stat(path); err == nil {
		files = append(files, path)
	} else if !os.IsNotExist(err) {
		return nil, err
	}
	folder := path + ".d"
	entries, err := os.ReadDir(folder)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for _, e := range entries {
		name := filepath.Join(folder, e.Name())
		suffix := strings.ToLower(filepath.Ext(e.Name()))
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			continue
		}
		if suffix == ".yaml" || suffix == ".yml" {
			files = append(files, name)
		}
	}
	return files, nil
}

func readAny(path string) ([]byte, error) {
	if !remote(path) {
		return os.ReadFile(path)
	}
	client := http.Client{Timeout: 30 * time.Second}
	resp, err := client.Get(path)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, resp.Status)
	}
	return io.ReadAll(resp.Body)
}

// mergeFile lays one file over what earlier files said: a later value replaces, `key+` appends.
func mergeFile(merged []entry, path string) ([]entry, error) {
	raw, err := readAny(path)
	if err != nil {
		return nil, err
	}
	var items yaml.MapSlice
	if err := yaml.Unmarshal(raw, &items); err != nil {
		return nil, err
	}
	for _, item := range items {
		key, appends := strings.CutSuffix(plain(item.Key), "+")
		values := texts(item.Value)
		at := slices.IndexFunc(merged, func(e entry) bool { return e.key == key })
		switch {
		case at < 0:
			merged = append(merged, entry{key, values, path})
		case appends:
			merged[at] = entry{key, append(slices.Clone(merged[at].values), values...), path}
		default:
			merged[at] = entry{key, values, path}
		}
	}
	return merged, nil
}

// texts turns a YAML value into the arguments it stands for: a list gives one for each item.
func texts(v any) []string {
	list, ok := v.([]any)
	if !ok {
		return []string{plain(v)}
	}
	all := make([]string, 0, len(list))
	for _, item := range list {
		all = append(all, plain(item))
	}
	return all
}

// plain prints a YAML scalar the way Go does, which is what makes unquoted numbers change.
func plain(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
