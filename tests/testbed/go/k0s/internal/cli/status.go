// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/status"
)

func statusCommand() *cobra.Command {
	var p places
	var output string
	cmd := &cobra.Command{
		Use: "status", Short: "Get k0s instance status information", Args: cobra.NoArgs, PersistentPreRun: setVerbose,
		Example: `The command will return information about system init, PID, k0s role, kubeconfig and similar.`,
		RunE: func(*cobra.Command, []string) error {
			var info status.Info
			if err := status.Ask(p.vars().StatusSocket, "status", &info); err != nil {
				return err
			}
			return printStatus(&info, output)
		},
	}
	p.dataDir = config.DefaultDataDir
	debugFlags(cmd.PersistentFlags(), false)
	cmd.PersistentFlags().StringVar(&p.socket, "status-socket", "", "Full file path to the socket file. (default: <rundir>/status.sock)")
	cmd.Flags().StringVarP(&output, "out", "o", "", "sets type of output to json or yaml")
	cmd.AddCommand(componentsCommand(&p))
	return cmd
}

func printStatus(info *status.Info, output string) error {
	switch output {
	case "json":
		text, err := json.MarshalIndent(info, "", "   ")
		fmt.Println(string(text))
		return err
	case "yaml":
		text, err := yaml.Marshal(info)
		fmt.Println(string(text))
		return err
	}
	fmt.Println("Version:", info.Version)
	fmt.Println("Process ID:", info.Pid)
	fmt.Println("Role:", info.Role)
	fmt.Println("Workloads:", info.Workloads)
	fmt.Println("SingleNode:", info.SingleNode)
	if info.Workloads {
		fmt.Println("Kube-api probing successful:", info.WorkerToAPI.Success)
		fmt.Println("Kube-api probing last error: ", info.WorkerToAPI.Message)
	}
	return nil
}

func componentsCommand(p *places) *cobra.Command {
	count := 1
	cmd := &cobra.Command{
		Use: "components", Short: "Get k0s instance component status information", Args: cobra.NoArgs,
		Example: `The command will return information about k0s components.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(os.Stderr, "!!! per component status is not yet finally ready, information here might be not full yet")
			var all status.Components
			if err := status.Ask(p.vars().StatusSocket, "components?maxCount="+strconv.Itoa(count), &all); err != nil {
				return err
			}
			text, err := yaml.Marshal(all)
			fmt.Println(string(text))
			return err
		},
	}
	cmd.Flags().IntVar(&count, "max-count", 1, "how many latest probes to show")
	return cmd
}

// versions of what the original of this line has built in.
type versions struct {
	K0s          string `json:"k0s,omitempty"`
	Runc         string `json:"runc,omitempty"`
	Containerd   string `json:"containerd,omitempty"`
	Kubernetes   string `json:"kubernetes,omitempty"`
	Kine         string `json:"kine,omitempty"`
	Etcd         string `json:"etcd,omitempty"`
	Konnectivity string `json:"konnectivity,omitempty"`
}

func versionCommand() *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Print the k0s version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versions{current.Version, "1.3.3", "1.7.29", config.KubernetesVersion, "0.14.2", "3.6.5", ""}
			switch {
			case all:
				fmt.Printf("k0s : %s\nrunc : %s\ncontainerd : %s\nkubernetes : %s\nkine : %s\netcd : %s\nkonnectivity : %s\n",
					v.K0s, v.Runc, v.Containerd, v.Kubernetes, v.Kine, v.Etcd, v.Konnectivity)
			case asJSON:
				text, err := json.MarshalIndent(v, "", "   ")
				fmt.Println(string(text))
				return err
			default:
				fmt.Println(v.K0s)
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "use to print all k0s version info")
	cmd.Flags().BoolVarP(&asJSON, "json", "j", false, "use to print all k0s version info in json")
	return cmd
}
