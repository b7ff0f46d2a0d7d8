// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import "time"

// ToolOptions are the flags of all commands other than `server` and `agent`; a command leaves what
// it does not know at the zero value.
type ToolOptions struct {
	ConfigFile      string
	Debug           bool
	LogFile         string
	AlsoLogToStderr bool
	DataDir         string
	Output          string

	// token
	Kubeconfig  string
	Description string
	Groups      []string
	TTL         time.Duration
	Usages      []string

	// calls to the running server
	Token    string
	Server   string
	NewToken string
	Path     string
	Force    bool
	Skip     bool

	// certificate
	Services []string

	// etcd-snapshot
	NodeName          string
	SnapshotDir       string
	SnapshotName      string
	SnapshotCompress  bool
	SnapshotRetention int
	S3                S3Options

	// completion
	Install bool

	// Source is as in Options.
	Source map[string]string
}

const localServer = "https://127.0.0.1:6443"

type toolRow = row[ToolOptions]

var (
	dataDirFlag = toolRow{"data-dir", one("d"), dataDirEnv, "", false, both, func(t *ToolOptions) any { return &t.DataDir }}
	debugFlag   = toolRow{"debug", nil, "K3S_DEBUG", "", false, both, func(t *ToolOptions) any { return &t.Debug }}

	logFlags = []toolRow{
		debugFlag,
		{"config", one("c"), configFileEnv, defaultConfig, false, both, func(t *ToolOptions) any { return &t.ConfigFile }},
		{"log", one("l"), "", "", false, both, func(t *ToolOptions) any { return &t.LogFile }},
		{"alsologtostderr", nil, "", "", false, both, func(t *ToolOptions) any { return &t.AlsoLogToStderr }},
		dataDirFlag,
	}
	tokenFlags = []toolRow{
		dataDirFlag,
		{"kubeconfig", nil, "KUBECONFIG", "", false, both, func(t *ToolOptions) any { return &t.Kubeconfig }},
	}
	tokenCreateFlags = []toolRow{
		{"description", nil, "", "", false, both, func(t *ToolOptions) any { return &t.Description }},
		{"groups", nil, "", "system:bootstrappers:k3s:default-node-token", false, both, func(t *ToolOptions) any { return &t.Groups }},
		{"ttl", nil, "", "24h0m0s", false, both, func(t *ToolOptions) any { return &t.TTL }},
		{"usages", nil, "", "signing,authentication", false, both, func(t *ToolOptions) any { return &t.Usages }},
	}
	outputFlag  = toolRow{"output", one("o"), "", "text", false, both, func(t *ToolOptions) any { return &t.Output }}
	tokenFlag   = toolRow{"token", one("t"), "K3S_TOKEN", "", false, both, func(t *ToolOptions) any { return &t.Token }}
	serverFlag  = toolRow{"server", one("s"), "K3S_URL", localServer, false, both, func(t *ToolOptions) any { return &t.Server }}
	newToken    = toolRow{"new-token", nil, "", "", false, both, func(t *ToolOptions) any { return &t.NewToken }}
	pathFlag    = toolRow{"path", nil, "", "", false, both, func(t *ToolOptions) any { return &t.Path }}
	forceLong   = toolRow{"force", nil, "", "", false, both, func(t *ToolOptions) any { return &t.Force }}
	forceFlag   = toolRow{"force", one("f"), "", "", false, both, func(t *ToolOptions) any { return &t.Force }}
	skipFlag    = toolRow{"skip", nil, "", "", false, both, func(t *ToolOptions) any { return &t.Skip }}
	serviceFlag = toolRow{"service", one("s"), "", "", false, both, func(t *ToolOptions) any { return &t.Services }}
	installFlag = toolRow{"i", nil, "", "", false, both, func(t *ToolOptions) any { return &t.Install }}

	encryptFlags  = []toolRow{dataDirFlag, tokenFlag, serverFlag}
	snapshotFlags = join(logFlags, []toolRow{
		{"node-name", nil, "K3S_NODE_NAME", "", false, both, func(t *ToolOptions) any { return &t.NodeName }},
		{"etcd-token", one("t"), "", "", false, both, func(t *ToolOptions) any { return &t.Token }},
		{"etcd-server", one("s"), "", localServer, false, both, func(t *ToolOptions) any { return &t.Server }},
		{"etcd-snapshot-dir", one("dir"), "", "", false, both, func(t *ToolOptions) any { return &t.SnapshotDir }},
		{"name", nil, "", "on-demand", false, both, func(t *ToolOptions) any { return &t.SnapshotName }},
		{"etcd-snapshot-compress", one("snapshot-compress"), "", "", false, both, func(t *ToolOptions) any { return &t.SnapshotCompress }},
		{"etcd-snapshot-retention", nil, "", "5", false, both, func(t *ToolOptions) any { return &t.SnapshotRetention }},
	}, s3Table(func(t *ToolOptions) *S3Options { return &t.S3 }, true))
)

func join(parts ...[]toolRow) []toolRow {
	var all []toolRow
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// command is one entry of the command tree. most is the number of positional arguments it takes;
// missing is the message when there is none and one is needed.
type command struct {
	name     string
	alias    []string
	rows     []toolRow
	subs     []command
	raw      bool
	most     int
	missing  string
	required string
}

const many = 1 << 20

// tree lists the commands of the program. `server` and `agent` have the tables of Options.
var tree = []command{
	{name: "server"}, {name: "agent"},
	{name: "kubectl", raw: true}, {name: "crictl", raw: true}, {name: "ctr", raw: true}, {name: "check-config", raw: true},
	{name: "token", subs: []command{
		{name: "create", rows: join(tokenFlags, tokenCreateFlags), most: 1},
		{name: "delete", rows: tokenFlags, most: many, missing: "missing argument; 'token delete' is missing token"},
		{name: "generate", rows: tokenFlags},
		{name: "list", rows: join(tokenFlags, []toolRow{outputFlag})},
		{name: "rotate", rows: join(tokenFlags, []toolRow{tokenFlag, serverFlag, newToken})},
	}},
	{name: "etcd-snapshot", rows: snapshotFlags, subs: []command{
		{name: "delete", rows: snapshotFlags, most: many, missing: "no snapshots given for removal"},
		{name: "ls", alias: one("list", "l"), rows: join(snapshotFlags, []toolRow{
			{"output", one("o"), "", "table", false, both, func(t *ToolOptions) any { return &t.Output }},
		})},
		{name: "prune", rows: snapshotFlags},
		{name: "save", rows: snapshotFlags},
	}},
	{name: "secrets-encrypt", subs: []command{
		{name: "status", rows: join(encryptFlags, []toolRow{outputFlag})},
		{name: "enable", rows: encryptFlags},
		{name: "disable", rows: encryptFlags},
		{name: "prepare", rows: join(encryptFlags, []toolRow{forceFlag})},
		{name: "rotate", rows: join(encryptFlags, []toolRow{forceFlag})},
		{name: "reencrypt", rows: join(encryptFlags, []toolRow{forceFlag, skipFlag})},
		{name: "rotate-keys", rows: encryptFlags},
	}},
	{name: "certificate", subs: []command{
		{name: "check", rows: join(logFlags, []toolRow{serviceFlag, outputFlag})},
		{name: "rotate", rows: join(logFlags, []toolRow{serviceFlag})},
		{name: "rotate-ca", rows: []toolRow{dataDirFlag, serverFlag, pathFlag, forceLong}, required: "path"},
	}},
	{name: "completion", subs: []command{
		{name: "bash", rows: []toolRow{installFlag}},
		{name: "zsh", rows: []toolRow{installFlag}},
	}},
}

var rootFlags = []toolRow{debugFlag, dataDirFlag}
