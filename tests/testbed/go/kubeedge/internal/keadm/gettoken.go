// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package keadm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/kubeedge/internal/kubeconfig"
)

const tokenPath = "/api/v1/namespaces/kubeedge/secrets/tokensecret"

func (p *program) getToken() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "gettoken", Short: "To get the token for edge nodes to join the cluster",
		RunE: func(*cobra.Command, []string) error {
			token, err := readToken(file)
			if err != nil {
				fmt.Println("failed to get token, err is", err)
				return err
			}
			fmt.Println(token)
			return nil
		},
	}
	c.Flags().StringVar(&file, "kube-config", "/root/.kube/config", "Use this key to set kube-config path, eg: $HOME/.kube/config")
	return c
}

func readToken(file string) (string, error) {
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("get kube config failed with error: %w", err)
	}
	kube, err := kubeconfig.Load(file)
	if err != nil {
		return "", fmt.Errorf("get kube config failed with error: %w", err)
	}
	var secret struct{ Data map[string][]byte }
	err = kube.Get(context.Background(), tokenPath, &secret)
	var said *api.Error
	if errors.As(err, &said) {
		var status struct{ Message string }
		if json.Unmarshal([]byte(said.Body), &status) == nil && status.Message != "" {
			return "", errors.New(status.Message)
		}
	}
	if err != nil {
		return "", err
	}
	return string(secret.Data["tokendata"]), nil
}
