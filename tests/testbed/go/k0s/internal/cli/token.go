// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/controller"
	"lightk8s.invalid/testbed/k0s/internal/node"
	"lightk8s.invalid/testbed/k0s/internal/status"
	"lightk8s.invalid/testbed/k0s/internal/token"
)

// running is what a running controller wrote down about itself.
type running struct {
	Spec struct {
		K0sVars    *config.Vars          `json:"k0sVars"`
		NodeConfig *config.ClusterConfig `json:"nodeConfig"`
		Pid        int                   `json:"pid"`
	} `json:"spec"`
}

// load gives places and configuration: those of the running controller, or from the flags.
func (p *places) load() (*config.Vars, *config.ClusterConfig, error) {
	v := p.vars()
	if text, err := os.ReadFile(v.RuntimeConfig); err == nil {
		var r running
		if yaml.Unmarshal(text, &r) == nil && r.Spec.K0sVars != nil && r.Spec.NodeConfig != nil {
			if _, err := os.Stat(fmt.Sprintf("/proc/%d", r.Spec.Pid)); err == nil {
				return r.Spec.K0sVars, r.Spec.NodeConfig, nil
			}
		}
	}
	c, err := config.Load(v.StartupConfig, false)
	return v, c, err
}

func (p *places) client() (*config.Vars, *config.ClusterConfig, *api.Client, error) {
	v, c, err := p.load()
	if err != nil {
		return nil, nil, nil, err
	}
	kube, err := controller.AdminClient(v, c.Spec.API.LocalURL())
	return v, c, kube, err
}

func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Manage join tokens", Args: cobra.NoArgs, RunE: helpOnly}
	cmd.AddCommand(tokenCreate(), tokenList(), tokenInvalidate(), tokenPreShared())
	return cmd
}

func tokenCreate() *cobra.Command {
	var p places
	var expiry, role string
	var wait bool
	cmd := &cobra.Command{
		Use: "create", Short: "Create join token", Args: cobra.NoArgs,
		Example: "k0s token create --role worker --expiry 100h //sets expiration time to 100 hours\n" +
			"k0s token create --role worker --expiry 10m  //sets expiration time to 10 minutes\n",
		PreRunE: func(*cobra.Command, []string) error { return token.CheckRole(role) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			valid, err := time.ParseDuration(expiry)
			if err != nil {
				return err
			}
			for tries := 0; ; tries++ {
				text, err := createToken(cmd, &p, role, valid)
				if err == nil {
					fmt.Println(text)
					return nil
				}
				if !wait || tries == 119 {
					return err
				}
				time.Sleep(time.Second)
			}
		},
	}
	p.add(cmd.Flags())
	cmd.Flags().StringVar(&expiry, "expiry", "0s", "Expiration time of the token. Format 1.5h, 2h45m or 300ms.")
	cmd.Flags().StringVar(&role, "role", "worker", "Either worker or controller")
	cmd.Flags().BoolVar(&wait, "wait", false, "wait forever (default false)")
	return cmd
}

func createToken(cmd *cobra.Command, p *places, role string, valid time.Duration) (string, error) {
	v, c, err := p.load()
	if err != nil {
		return "", err
	}
	var info status.Info
	if err := status.Ask(v.StatusSocket, "status", &info); err != nil {
		return "", fmt.Errorf("failed to get k0s status: %w", err)
	}
	if info.SingleNode {
		return "", errors.New("refusing to create token: cannot join into a single node cluster")
	}
	if role == token.Controller && info.ClusterConfig != nil && !info.ClusterConfig.Spec.Storage.Joinable() {
		return "", errors.New("refusing to create token: cannot join controller into current storage")
	}
	port := c.Spec.API.Port
	if role == token.Controller {
		port = c.Spec.API.K0sAPIPort
	}
	if _, err := token.Encode("", v.PKI("ca.crt"), role, ""); err != nil {
		return "", err
	}
	kube, err := controller.AdminClient(v, c.Spec.API.LocalURL())
	if err != nil {
		return "", err
	}
	bearer, err := token.Create(cmd.Context(), kube, role, valid)
	if err != nil {
		return "", err
	}
	return token.Encode(c.Spec.API.JoinURL(port), v.PKI("ca.crt"), role, bearer)
}

func tokenList() *cobra.Command {
	var p places
	var role string
	cmd := &cobra.Command{
		Use: "list", Short: "List join tokens", Args: cobra.NoArgs,
		Example: "k0s token list --role worker // list worker tokens",
		PreRunE: func(*cobra.Command, []string) error { return token.CheckRole(role) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, _, kube, err := p.client()
			if err != nil {
				return err
			}
			all, count, err := token.List(cmd.Context(), kube, role)
			if err != nil {
				return err
			}
			if count == 0 {
				fmt.Println("No k0s join tokens found")
			}
			if len(all) == 0 {
				return nil
			}
			out := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
			fmt.Fprintln(out, "ID\tROLE\tEXPIRES AT")
			for _, t := range all {
				fmt.Fprintf(out, "%s\t%s\t%s\n", t.ID, t.Role, t.Expiry)
			}
			return out.Flush()
		},
	}
	p.add(cmd.Flags())
	cmd.Flags().StringVar(&role, "role", "", "Either worker, controller or empty for all roles")
	return cmd
}

func tokenInvalidate() *cobra.Command {
	var p places
	cmd := &cobra.Command{
		Use: "invalidate join-token...", Short: "Invalidates existing join token", Args: cobra.MinimumNArgs(1),
		Example: "k0s token invalidate xyz123",
		RunE: func(cmd *cobra.Command, ids []string) error {
			_, _, kube, err := p.client()
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := token.Remove(cmd.Context(), kube, id); err != nil {
					return err
				}
				fmt.Printf("token %s deleted successfully\n", id)
			}
			return nil
		},
	}
	p.add(cmd.Flags())
	return cmd
}

func tokenPreShared() *cobra.Command {
	var cert, url, role, out string
	var valid time.Duration
	cmd := &cobra.Command{
		Use: "pre-shared", Short: "Generates token and secret and stores them as a files", Args: cobra.NoArgs,
		Example: "k0s token pre-shared --role worker --cert <path>/<to>/ca.crt --url https://<controller-ip>:<port>/",
		PreRunE: func(*cobra.Command, []string) error { return token.CheckRole(role) },
		RunE: func(*cobra.Command, []string) error {
			bearer, data := token.Data(role, valid)
			text, err := yaml.Marshal(token.Secret(data))
			if err != nil {
				return err
			}
			packed, err := token.Encode(url, cert, role, bearer)
			if err != nil {
				return err
			}
			id := data["token-id"]
			if err := os.WriteFile(filepath.Join(out, "bootstrap-token-"+id+".yaml"), text, 0o640); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(out, "token_"+id), []byte(packed), 0o640)
		},
	}
	f := cmd.Flags()
	f.StringVar(&cert, "cert", "", "path to the CA certificate file")
	f.StringVar(&url, "url", "", "url of the api server to join")
	f.StringVar(&role, "role", "worker", "token role. valid values: worker, controller. Default: worker")
	f.StringVar(&out, "out", ".", "path to the output directory. Default: current dir")
	f.DurationVar(&valid, "valid", 0, "how long token is valid, in Go duration format")
	return cmd
}

func kubeconfigCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "kubeconfig [command]", Short: "Create a kubeconfig file for a specified user",
		Args: cobra.NoArgs, PersistentPreRun: setVerbose, RunE: helpOnly}
	debugFlags(cmd.PersistentFlags(), false)
	cmd.AddCommand(kubeconfigAdmin(), kubeconfigCreate())
	return cmd
}

func kubeconfigAdmin() *cobra.Command {
	var p places
	cmd := &cobra.Command{
		Use: "admin", Short: "Display Admin's Kubeconfig file", Args: cobra.NoArgs,
		Long: "Print kubeconfig for the Admin user to stdout", Example: "	$ k0s kubeconfig admin > ~/.kube/config",
		RunE: func(*cobra.Command, []string) error {
			file := p.vars().AdminKubeConfig
			if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("admin config %q not found, check if the control plane is initialized on this node", file)
			}
			v, c, err := p.load()
			if err != nil {
				return err
			}
			var parts [3][]byte
			for i, name := range []string{"ca.crt", "admin.crt", "admin.key"} {
				if parts[i], err = os.ReadFile(v.PKI(name)); err != nil {
					return err
				}
			}
			url := c.Spec.API.JoinURL(c.Spec.API.Port)
			_, err = os.Stdout.Write(node.Kubeconfig("local", "Default", "user", url, parts[0], node.OneCertificate(parts[1]), parts[2]))
			return err
		},
	}
	p.add(cmd.Flags())
	return cmd
}

func kubeconfigCreate() *cobra.Command {
	var p places
	var groups, contextName string
	var life time.Duration
	cmd := &cobra.Command{
		Use: "create username", Short: "Create a kubeconfig for a user", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			v, c, err := p.load()
			if err != nil {
				return err
			}
			ca, err := pki.LoadCA(v.PKI("ca.crt"), v.PKI("ca.key"))
			if err != nil {
				return fmt.Errorf("failed generate user certificate: %w, check if the control plane is initialized on this node", err)
			}
			leaf := pki.Leaf{CN: args[0]}
			if groups != "" {
				leaf.Org = []string{groups}
			}
			files := [2]string{v.PKI(args[0] + ".crt"), v.PKI(args[0] + ".key")}
			if err := ca.EnsureLeaf(files[0], files[1], leaf); err != nil {
				return err
			}
			cert, err := os.ReadFile(files[0])
			if err != nil {
				return err
			}
			key, err := os.ReadFile(files[1])
			if err != nil {
				return err
			}
			url := c.Spec.API.JoinURL(c.Spec.API.Port)
			_, err = os.Stdout.Write(node.Kubeconfig(contextName, contextName, args[0], url, ca.PEM, node.OneCertificate(cert), key))
			return err
		},
	}
	p.add(cmd.Flags())
	p.addConfig(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&groups, "groups", "", "Specify groups")
	f.DurationVar(&life, "certificate-expires-after", 8760*time.Hour, "The expiration duration of the certificate")
	f.StringVar(&contextName, "context-name", "k0s", "Specify kubeconfig context name")
	return cmd
}
