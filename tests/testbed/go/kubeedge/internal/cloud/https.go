// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cloud

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/kubeedge/internal/ident"
)

const largestRequest = 1 << 20

// bootstrap is the server on 10002, where edges get their certificate.
func (c *Cloud) bootstrap() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ca.crt", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(c.ca.der)
	})
	mux.HandleFunc("GET /edge.crt", c.edgeCertificate)
	mux.HandleFunc("GET /node/{name}", c.nodeKnown)
	return mux
}

func say(w http.ResponseWriter, code int, format string, args ...any) {
	w.WriteHeader(code)
	fmt.Fprintf(w, format, args...)
}

func (c *Cloud) nodeKnown(w http.ResponseWriter, r *http.Request) {
	err := c.kube.Get(r.Context(), "/api/v1/nodes/"+r.PathValue("name"), nil)
	switch {
	case err == nil:
		say(w, http.StatusOK, "Node founded")
	case api.IsCode(err, http.StatusNotFound):
		say(w, http.StatusNotFound, "Node not found")
	default:
		say(w, http.StatusInternalServerError, "%v", err)
	}
}

// edgeCertificate signs for who has the token, or the certificate that is to be followed.
func (c *Cloud) edgeCertificate(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		kind, jwt, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(kind, "bearer") {
			say(w, http.StatusUnauthorized, "Invalid authorization token")
			return
		}
		if err := c.ca.check(jwt); err != nil {
			say(w, http.StatusUnauthorized, "token validation failure, err: %v", err)
			return
		}
	}
	name := r.Header.Get("NodeName")
	der, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestRequest))
	if err != nil {
		say(w, http.StatusBadRequest, "%v", err)
		return
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		say(w, http.StatusInternalServerError, "fail to ParseCertificateRequest of edgenode: %s! error:%v", name, err)
		return
	}
	if name != "" && request.Subject.CommonName != "system:node:"+name {
		say(w, http.StatusForbidden, "the certificate request is for %s, the node is %s", request.Subject.CommonName, name)
		return
	}
	days := time.Duration(c.config.Modules.CloudHub.EdgeCertSigningDuration) * 24 * time.Hour
	subject := request.Subject
	subject.ExtraNames, subject.Names = nil, nil
	signed, err := c.ca.sign(request.PublicKey, subject, nil, ident.Validity("KUBEEDGE_STANDIN_CERT_VALIDITY", days))
	if err != nil {
		say(w, http.StatusInternalServerError, "fail to signCerts for edgenode: %s! error:%v", name, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(signed)
}
