// Copyright: (c) 2026, lightk8s.edge contributors
// GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"net"
	"os"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"
	basecompatibility "k8s.io/component-base/compatibility"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// advertised shows another port than the one it listens on: the endpoint of the
// "kubernetes" Service is made from it. Upstream has no flag for this.
type advertised struct {
	net.Listener
	port int
}

func (a advertised) Addr() net.Addr {
	addr := *a.Listener.Addr().(*net.TCPAddr)
	addr.Port = a.port
	return &addr
}

// runAPIServer is upstream's command with the advertised port on top.
func runAPIServer() error {
	ctx := genericapiserver.SetupSignalContext()
	s := options.NewServerRunOptions()
	gate := s.GenericServerRunOptions.ComponentGlobalsRegistry.FeatureGateFor(basecompatibility.DefaultKubeComponent)
	fs := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, f := range s.Flags().FlagSets {
		fs.AddFlagSet(f)
	}
	port := fs.Int("advertise-port", 0, "port of the kubernetes Service's endpoint")
	logs.AddFlags(fs, logs.SkipLoggingConfigurationFlags())
	if err := fs.Parse(os.Args[1:]); err != nil {
		return err
	}
	if err := s.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	if err := logsapi.ValidateAndApply(s.Logs, gate); err != nil {
		return err
	}
	opts, err := s.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := opts.Validate(); len(errs) != 0 {
		return utilerrors.NewAggregate(errs)
	}
	config, err := apiserver.NewConfig(opts)
	if err != nil {
		return err
	}
	serving := config.KubeAPIs.ControlPlane.Generic.SecureServing
	if *port != 0 {
		serving.Listener = advertised{serving.Listener, *port}
	}
	completed, err := config.Complete()
	if err != nil {
		return err
	}
	server, err := apiserver.CreateServerChain(completed)
	if err != nil {
		return err
	}
	prepared, err := server.PrepareRun()
	if err != nil {
		return err
	}
	return prepared.Run(ctx)
}
