// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package daemon

import (
	"context"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.yaml.in/yaml/v2"

	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

// provider is the file that says where API servers are.
type provider struct {
	TCP struct {
		Routers  map[string]any `yaml:"routers"`
		Services map[string]struct {
			LoadBalancer struct {
				Servers []server `yaml:"servers"`
			} `yaml:"loadBalancer"`
		} `yaml:"services"`
	} `yaml:"tcp"`
}

type server struct {
	Address string `yaml:"address"`
}

func providerFile() string { return snap.Data("args", "traefik", "provider.yaml") }

// WriteServers writes that file.
func WriteServers(addresses []string) error {
	text, err := os.ReadFile(snap.Data("args", "traefik", "provider-template.yaml"))
	if err != nil {
		return err
	}
	var p provider
	if err := yaml.Unmarshal(text, &p); err != nil {
		return err
	}
	service := p.TCP.Services["kube-apiserver"]
	service.LoadBalancer.Servers = nil
	for _, a := range addresses {
		service.LoadBalancer.Servers = append(service.LoadBalancer.Servers, server{a})
	}
	p.TCP.Services["kube-apiserver"] = service
	if text, err = yaml.Marshal(p); err != nil {
		return err
	}
	return os.WriteFile(providerFile(), text, 0o660)
}

func readServers() []string {
	text, err := os.ReadFile(providerFile())
	var p provider
	if err != nil || yaml.Unmarshal(text, &p) != nil {
		return nil
	}
	var addresses []string
	for _, s := range p.TCP.Services["kube-apiserver"].LoadBalancer.Servers {
		addresses = append(addresses, s.Address)
	}
	return addresses
}

// Proxy is a worker's way to the API servers.
func Proxy() error {
	if !snap.Locked("clustered.lock") {
		log.Print("Not a worker node, exiting")
		return nil
	}
	ctx, stop := signals()
	defer stop()
	every, err := time.ParseDuration(snap.Value("apiserver-proxy", "--refresh-interval"))
	if err != nil {
		every = 30 * time.Second
	}
	port := snap.Value("kube-apiserver", "--secure-port")
	if port == "" {
		port = "16443"
	}
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	p := &proxy{servers: readServers()}
	go p.accept(l)
	for every > 0 {
		if !pause(ctx, every) {
			return nil
		}
		p.refresh(ctx)
	}
	<-ctx.Done()
	return nil
}

type proxy struct {
	mu      sync.Mutex
	servers []string
}

func (p *proxy) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			log.Print(err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go p.serve(c)
	}
}

func (p *proxy) serve(c net.Conn) {
	defer c.Close()
	to, err := p.dial()
	if err != nil {
		log.Print(err)
		return
	}
	defer to.Close()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{c, to}, {to, c}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
}

// dial takes the first server that answers, beginning anywhere.
func (p *proxy) dial() (net.Conn, error) {
	p.mu.Lock()
	list := slices.Clone(p.servers)
	p.mu.Unlock()
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	err := errors.New("no API servers are known")
	for _, address := range list {
		var c net.Conn
		if c, err = net.DialTimeout("tcp", address, 3*time.Second); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// refresh asks the cluster where API servers are now.
func (p *proxy) refresh(ctx context.Context) {
	client, err := Client()
	if err != nil {
		log.Print(err)
		return
	}
	var slice struct {
		Items []struct {
			Endpoints []struct {
				Addresses []string `json:"addresses"`
			} `json:"endpoints"`
			Ports []struct {
				Port int `json:"port"`
			} `json:"ports"`
		} `json:"items"`
	}
	err = client.Get(ctx, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes", &slice)
	if err != nil {
		log.Print(err)
		return
	}
	var found []string
	for _, item := range slice.Items {
		for _, e := range item.Endpoints {
			for _, port := range item.Ports {
				for _, a := range e.Addresses {
					found = append(found, net.JoinHostPort(a, strconv.Itoa(port.Port)))
				}
			}
		}
	}
	slices.Sort(found)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(found) == 0 || slices.Equal(found, p.servers) {
		return
	}
	p.servers = found
	if err := WriteServers(found); err != nil {
		log.Print(err)
	}
}
