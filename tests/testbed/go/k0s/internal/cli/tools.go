// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/controller"
	"lightk8s.invalid/testbed/k0s/internal/logs"
)

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Configuration related sub-commands", Args: cobra.NoArgs, RunE: helpOnly}
	featureGates(cmd.PersistentFlags())
	var images bool
	create := &cobra.Command{
		Use: "create", Short: "Output the default k0s configuration yaml to stdout", Args: cobra.NoArgs,
		PersistentPreRun: setVerbose,
		RunE: func(*cobra.Command, []string) error {
			text, err := yaml.Marshal(config.Default(images))
			fmt.Print(string(text))
			return err
		},
	}
	debugFlags(create.Flags(), false)
	create.Flags().BoolVar(&images, "include-images", false, "include the default images in the output")
	validate := validateConfig("validate")
	validate.Short, validate.Long = "Validate k0s configuration", "Example:\n   k0s config validate --config path_to_config.yaml"
	cmd.AddCommand(create, validate)
	return cmd
}

func validateConfig(use string) *cobra.Command {
	var p places
	cmd := &cobra.Command{
		Use: use, Args: cobra.NoArgs, PersistentPreRun: setVerbose,
		RunE: func(*cobra.Command, []string) error {
			text, err := config.Read(p.config)
			if err != nil {
				return fmt.Errorf("failed to read configuration file: %w", err)
			}
			c, err := config.Parse(text)
			if err != nil {
				return fmt.Errorf("failed to parse configuration: %w", err)
			}
			return c.Validate()
		},
	}
	debugFlags(cmd.Flags(), false)
	p.addConfig(cmd.Flags())
	_ = cmd.MarkFlagRequired("config")
	return cmd
}

// validateCommand is the former place of "config validate".
func validateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "validate", Short: "Validation related sub-commands", Args: cobra.NoArgs,
		Deprecated: "use 'k0s config validate' instead", RunE: helpOnly}
	old := validateConfig("config")
	old.Deprecated = "use 'k0s config validate' instead"
	cmd.AddCommand(old)
	return cmd
}

func airgapCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "airgap", Short: "Tooling for airgapped installations", Args: cobra.NoArgs, RunE: helpOnly}
	var p places
	var all bool
	list := &cobra.Command{
		Use: "list-images", Short: "List image names and versions needed for airgapped installations", Args: cobra.NoArgs,
		Example: "k0s airgap list-images", PersistentPreRun: setVerbose,
		RunE: func(*cobra.Command, []string) error {
			_, c, err := p.load()
			if err != nil {
				return fmt.Errorf("failed to get config: %w", err)
			}
			for _, image := range c.Spec.List(all) {
				fmt.Println(image)
			}
			return nil
		},
	}
	debugFlags(list.Flags(), false)
	p.add(list.Flags())
	p.addConfig(list.Flags())
	list.Flags().BoolVar(&all, "all", false, "include all images, even if they are not used in the current configuration")
	cmd.AddCommand(list)
	return cmd
}

func kubectlCommand() *cobra.Command {
	return &cobra.Command{
		Use: "kubectl", Aliases: []string{"kc"}, Short: "kubectl controls the Kubernetes cluster manager",
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			dataDir, args := takeDataDir(args)
			v := config.NewVars(dataDir, "", "", "", false)
			if os.Getenv("KUBECONFIG") == "" {
				if _, err := os.Stat(v.AdminKubeConfig); err != nil {
					return fmt.Errorf("cannot stat k0s kubeconfig, is the server running?: %w", err)
				}
				if err := os.Setenv("KUBECONFIG", v.AdminKubeConfig); err != nil {
					return err
				}
			}
			return tool(v, "kube", append([]string{"kubectl"}, args...))
		},
	}
}

// takeDataDir takes our flag out of the arguments.
func takeDataDir(args []string) (string, []string) {
	dataDir, rest := config.DefaultDataDir, []string{}
	for i := 0; i < len(args); i++ {
		value, inline := strings.CutPrefix(args[i], "--data-dir=")
		switch {
		case args[i] == "--":
			return dataDir, append(rest, args[i:]...)
		case inline:
			dataDir = value
		case args[i] == "--data-dir" && i+1 < len(args):
			i++
			dataDir = args[i]
		default:
			rest = append(rest, args[i])
		}
	}
	return dataDir, rest
}

func ctrCommand() *cobra.Command {
	return &cobra.Command{
		Use: "ctr", Short: "containerd CLI", DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			v := config.NewVars(config.DefaultDataDir, "", "", "", false)
			for name, value := range map[string]string{"CONTAINERD_ADDRESS": v.RunDir + "/containerd.sock",
				"CONTAINERD_NAMESPACE": "k8s.io"} {
				if os.Getenv(name) == "" {
					if err := os.Setenv(name, value); err != nil {
						return err
					}
				}
			}
			return tool(v, "ctr", append([]string{"ctr"}, args...))
		},
	}
}

// tool becomes one of the packed programs: of what is staged, be it another release that runs, or
// of what the running containerd is from.
func tool(v *config.Vars, program string, argv []string) error {
	folder := v.BinDir
	if _, err := os.Stat(filepath.Join(folder, program)); err != nil {
		if text, err := os.ReadFile(v.RunDir + "/containerd.pid"); err == nil {
			exe, err := os.Readlink("/proc/" + strings.TrimSpace(string(text)) + "/exe")
			if err == nil {
				folder = filepath.Dir(exe)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(folder, program)); err != nil {
		if err := stage(v); err != nil {
			return err
		}
		folder = v.BinDir
	}
	return syscall.Exec(filepath.Join(folder, program), argv, append(os.Environ(), "KUBE_VERSION="+kubernetesVersion()))
}

func etcdCommand() *cobra.Command {
	var p places
	cmd := &cobra.Command{
		Use: "etcd", Short: "Manage etcd cluster", Args: cobra.NoArgs, RunE: helpOnly,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			setVerbose(cmd, args)
			_, c, err := p.load()
			if err != nil {
				return err
			}
			if c.Spec.Storage.Type != config.EtcdStorage {
				return fmt.Errorf("wrong storage type: %s", c.Spec.Storage.Type)
			}
			if c.Spec.Storage.Etcd.ExternalCluster != nil {
				return errors.New("command 'k0s etcd' does not support external etcd cluster")
			}
			return nil
		},
	}
	debugFlags(cmd.PersistentFlags(), false)
	p.dataDir = config.DefaultDataDir
	leave, peer := etcdLeave(&p)
	list := etcdList(&p)
	for _, sub := range []*cobra.Command{list, leave} {
		p.add(sub.Flags())
	}
	leave.Flags().StringVar(peer, "peer-address", "", "etcd peer address to remove (default <this node's peer address>)")
	cmd.AddCommand(leave, list)
	return cmd
}

func etcdList(p *places) *cobra.Command {
	return &cobra.Command{
		Use: "member-list", Short: "List etcd cluster members (JSON encoded)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, _, err := p.load()
			if err != nil {
				return err
			}
			client, err := controller.EtcdClient(v)
			if err != nil {
				return fmt.Errorf("can't list etcd cluster members: %w", err)
			}
			defer client.Close()
			found, err := client.MemberList(cmd.Context())
			if err != nil {
				return fmt.Errorf("can't list etcd cluster members: %w", err)
			}
			members := map[string]string{}
			for _, m := range found.Members {
				members[m.Name] = m.PeerURLs[0]
			}
			return json.NewEncoder(os.Stdout).Encode(map[string]any{"members": members})
		},
	}
}

func etcdLeave(p *places) (*cobra.Command, *string) {
	var peer string
	return &cobra.Command{
		Use: "leave", Short: "Leave the etcd cluster, or remove a specific peer", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, c, err := p.load()
			if err != nil {
				return err
			}
			if peer == "" {
				peer = c.Spec.Storage.Etcd.PeerAddress
			}
			url := "https://" + net.JoinHostPort(peer, "2380")
			client, err := controller.EtcdClient(v)
			if err != nil {
				return fmt.Errorf("can't connect to the etcd: %w", err)
			}
			defer client.Close()
			found, err := client.MemberList(cmd.Context())
			if err != nil {
				return err
			}
			for _, m := range found.Members {
				if m.PeerURLs[0] != url {
					continue
				}
				if err := removeMember(cmd.Context(), client, m.ID); err != nil {
					logs.Error("Failed to delete node from cluster", logs.Fields{"peerURL": url, "peerID": strconv.FormatUint(m.ID, 16)})
					return err
				}
				logs.Info("Successfully deleted", logs.Fields{"peerID": strconv.FormatUint(m.ID, 16)})
				return nil
			}
			logs.Error("Failed to get peer name", logs.Fields{"peerURL": url})
			return fmt.Errorf("peer not found: %s", peer)
		},
	}, &peer
}

// removeMember tries for a while: etcd refuses right after another change of its members. An etcd
// that removes itself may be gone before it has answered.
func removeMember(ctx context.Context, client *clientv3.Client, id uint64) error {
	for try := 0; ; try++ {
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err := client.MemberRemove(limited, id)
		cancel()
		if err == nil || errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.Unavailable &&
			!errors.Is(err, rpctypes.ErrUnhealthy) {
			return nil
		}
		if try == 5 || ctx.Err() != nil {
			return err
		}
		time.Sleep(time.Second)
	}
}
