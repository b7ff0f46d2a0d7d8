// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/k0s/internal/config"
)

// finding is one line of "sysinfo".
type finding struct {
	Path     []string `json:"path"`
	Name     string   `json:"displayName"`
	Prop     string   `json:"prop"`
	Message  string   `json:"message"`
	Category string   `json:"category"`
	Error    any      `json:"error"`
}

func sysinfoCommand() *cobra.Command {
	var dataDir, output string
	cmd := &cobra.Command{
		Use: "sysinfo", Short: "Display system information", Args: cobra.NoArgs, PersistentPreRun: setVerbose,
		Long: "Runs k0s's pre-flight checks and issues the results to stdout.",
		RunE: func(*cobra.Command, []string) error {
			list := findings(dataDir)
			switch output {
			case "text":
				for _, f := range list {
					printFinding(f)
				}
			case "json":
				text, err := json.MarshalIndent(list, "", "  ")
				fmt.Println(string(text))
				return err
			case "yaml":
				text, err := yaml.Marshal(list)
				fmt.Print(string(text))
				return err
			default:
				return fmt.Errorf("unknown output format: %q", output)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.Bool("controller", true, "Include controller-specific sysinfo")
	f.Bool("worker", true, "Include worker-specific sysinfo")
	f.StringVar(&dataDir, "data-dir", config.DefaultDataDir, "Data Directory for k0s")
	f.StringVarP(&output, "output", "o", "text", "Output format (valid values: text, json, yaml)")
	debugFlags(f, false)
	return cmd
}

func printFinding(f finding) {
	verdict := f.Category
	if f.Message != "" {
		verdict += ": " + f.Message
	}
	fmt.Printf("%s%s: %s (%s)\n", strings.Repeat("  ", len(f.Path)-1), f.Name, f.Prop, verdict)
}

const gib = 1 << 30

func pass(name, prop string, path ...string) finding {
	return finding{Path: path, Name: name, Prop: prop, Category: "pass"}
}

func findings(dataDir string) []finding {
	var memory syscall.Sysinfo_t
	_ = syscall.Sysinfo(&memory)
	var disk syscall.Statfs_t
	_ = syscall.Statfs("/var/lib", &disk)
	free := float64(disk.Bavail) * float64(disk.Bsize)
	list := []finding{
		pass("Total memory", fmt.Sprintf("%.1f GiB", float64(memory.Totalram)*float64(memory.Unit)/gib), "memory"),
		pass("Disk space available for "+dataDir, fmt.Sprintf("%.1f GiB", free/gib), "disk:"+dataDir),
		pass("Relative disk space available for "+dataDir, fmt.Sprintf("%d%%", disk.Bavail*100/max(disk.Blocks, 1)), "reldisk:"+dataDir),
	}
	hosts, err := net.LookupHost("localhost")
	local := pass("Name resolution: localhost", fmt.Sprint(hosts), "nameResolution:localhost")
	if err != nil {
		local.Category, local.Message = "rejected", err.Error()
	}
	list = append(list, local, pass("Operating system", strings.ToUpper(runtime.GOOS[:1])+runtime.GOOS[1:], "os"))
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	list = append(list, pass("Linux kernel release", strings.TrimSpace(string(release)), "os", "kernelRelease"), fileLimit())
	for _, name := range []string{"modprobe", "mount", "umount"} {
		where, err := exec.LookPath(name)
		f := pass("Executable in PATH: "+name, where, "os", "executableInPath:"+name)
		if err != nil {
			f.Category, f.Message = "warning", "not found"
		}
		list = append(list, f)
	}
	version := "version 1"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		version = "version 2"
	}
	return append(list, pass("/proc file system", "mounted (0x9fa0)", "os", "procfs"),
		pass("Control Groups", version, "os", "cgroups"))
}

func fileLimit() finding {
	var limit syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	f := pass("Max. file descriptors per process", fmt.Sprintf("current: %d / max: %d", limit.Cur, limit.Max), "os", "RLIMIT_NOFILE")
	if limit.Cur < 65536 {
		f.Category, f.Message = "warning", "< 65536"
	}
	return f
}
