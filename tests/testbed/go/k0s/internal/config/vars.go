// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"os"
	"path/filepath"
)

// Vars are the places where things are, as "status" shows them.
type Vars struct {
	InvocationID         string `json:"InvocationID"`
	AdminKubeConfig      string `json:"AdminKubeConfigPath"`
	BinDir               string `json:"BinDir"`
	CertRootDir          string `json:"CertRootDir"`
	DataDir              string `json:"DataDir"`
	KubeletRootDir       string `json:"KubeletRootDir"`
	EtcdCertDir          string `json:"EtcdCertDir"`
	EtcdDataDir          string `json:"EtcdDataDir"`
	KineSocket           string `json:"KineSocketPath"`
	KonnectivitySockets  string `json:"KonnectivitySocketDir"`
	KubeletAuthConfig    string `json:"KubeletAuthConfigPath"`
	ManifestsDir         string `json:"ManifestsDir"`
	RunDir               string `json:"RunDir"`
	KonnectivityConfig   string `json:"KonnectivityKubeConfigPath"`
	OCIBundleDir         string `json:"OCIBundleDir"`
	DefaultStorageType   string `json:"DefaultStorageType"`
	RuntimeConfig        string `json:"RuntimeConfigPath"`
	StatusSocket         string `json:"StatusSocketPath"`
	StartupConfig        string `json:"StartupConfigPath"`
	HelmHome             string `json:"HelmHome"`
	HelmRepositoryCache  string `json:"HelmRepositoryCache"`
	HelmRepositoryConfig string `json:"HelmRepositoryConfig"`
}

// NewVars derives the places from flags.
func NewVars(dataDir, kubeletRoot, socket, configFile string, single bool) *Vars {
	dataDir, _ = filepath.Abs(dataDir)
	run := "/run/k0s"
	if os.Geteuid() != 0 {
		run = filepath.Join(dataDir, "run")
	}
	if kubeletRoot == "" {
		kubeletRoot = filepath.Join(dataDir, "kubelet")
	}
	if socket == "" {
		socket = filepath.Join(run, "status.sock")
	}
	if configFile == "" {
		configFile = DefaultFile
	}
	storage := EtcdStorage
	if single {
		storage = KineStorage
	}
	pki, helm := filepath.Join(dataDir, "pki"), filepath.Join(dataDir, "helmhome")
	return &Vars{
		InvocationID: os.Getenv("INVOCATION_ID"), AdminKubeConfig: pki + "/admin.conf", BinDir: dataDir + "/bin",
		CertRootDir: pki, DataDir: dataDir, KubeletRootDir: kubeletRoot, EtcdCertDir: pki + "/etcd",
		EtcdDataDir: dataDir + "/etcd", KineSocket: run + "/kine/kine.sock:2379",
		KonnectivitySockets: run + "/konnectivity-server", KubeletAuthConfig: dataDir + "/kubelet.conf",
		ManifestsDir: dataDir + "/manifests", RunDir: run, KonnectivityConfig: pki + "/konnectivity.conf",
		OCIBundleDir: dataDir + "/images", DefaultStorageType: storage, RuntimeConfig: run + "/k0s.yaml",
		StatusSocket: socket, StartupConfig: configFile, HelmHome: helm, HelmRepositoryCache: helm + "/cache",
		HelmRepositoryConfig: helm + "/repositories.yaml",
	}
}

// PKI is a file of the certificates' folder.
func (v *Vars) PKI(name string) string { return filepath.Join(v.CertRootDir, name) }
