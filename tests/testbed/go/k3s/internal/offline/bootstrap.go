// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gopkg.in/yaml.v2"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/args"
	"lightk8s.invalid/testbed/k3s/internal/token"
)

const (
	secretsPath     = "/api/v1/namespaces/kube-system/secrets"
	secretType      = "bootstrap.kubernetes.io/token"
	secretPrefix    = "bootstrap-token-"
	usagePrefix     = "usage-bootstrap-"
	tokenIDForm     = `\A([a-z0-9]{6})\z`
	tokenForm       = `\A([a-z0-9]{6})\.([a-z0-9]{16})\z`
	tokenCharacters = "abcdefghijklmnopqrstuvwxyz0123456789"
)

var tokenID = regexp.MustCompile(tokenIDForm)

// bootstrapToken is what a bootstrap token Secret says.
type bootstrapToken struct {
	Token       string     `json:"token" yaml:"token"`
	Description string     `json:"description,omitempty" yaml:"description,omitempty"`
	Expires     *time.Time `json:"expires,omitempty" yaml:"expires,omitempty"`
	Usages      []string   `json:"usages,omitempty" yaml:"usages,omitempty"`
	Groups      []string   `json:"groups,omitempty" yaml:"groups,omitempty"`
}

type secret struct {
	APIVersion string            `json:"apiVersion,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Metadata   map[string]any    `json:"metadata"`
	Type       string            `json:"type"`
	Data       map[string][]byte `json:"data"`
}

func randomText(length int) (string, error) {
	text := make([]byte, length)
	for i := range text {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(tokenCharacters))))
		if err != nil {
			return "", err
		}
		text[i] = tokenCharacters[n.Int64()]
	}
	return string(text), nil
}

func newBootstrapToken() (string, error) {
	id, err := randomText(6)
	if err != nil {
		return "", err
	}
	key, err := randomText(16)
	return id + "." + key, err
}

func tokenGenerate(out io.Writer) error {
	text, err := newBootstrapToken()
	if err == nil {
		_, err = fmt.Fprintln(out, text)
	}
	return err
}

func tokenCreate(ctx context.Context, t *args.ToolOptions, given []string, out io.Writer) error {
	text, err := newBootstrapToken()
	if err != nil {
		return err
	}
	if len(given) == 1 {
		text = given[0]
	}
	id, _, ok := token.Bootstrap(text)
	if !ok {
		return fmt.Errorf("the bootstrap token %q was not of the form %q", text, tokenForm)
	}
	client, ca, err := connect(t.Kubeconfig)
	if err != nil {
		return err
	}
	wanted := bootstrapToken{Token: text, Description: t.Description, Usages: t.Usages, Groups: t.Groups}
	if t.TTL > 0 {
		expires := time.Now().Add(t.TTL).UTC().Truncate(time.Second)
		wanted.Expires = &expires
	}
	err = client.Do(ctx, http.MethodPost, secretsPath, wanted.secret(), nil)
	if api.IsCode(err, http.StatusConflict) {
		return fmt.Errorf("a token with id %q already exists", id)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "K10%s::%s\n", pki.Hash(ca), text)
	return nil
}

func (b bootstrapToken) secret() secret {
	id, key, _ := strings.Cut(b.Token, ".")
	data := map[string][]byte{"token-id": []byte(id), "token-secret": []byte(key)}
	if b.Description != "" {
		data["description"] = []byte(b.Description)
	}
	if b.Expires != nil {
		data["expiration"] = []byte(b.Expires.Format(time.RFC3339))
	}
	for _, usage := range b.Usages {
		data[usagePrefix+usage] = []byte("true")
	}
	if len(b.Groups) > 0 {
		data["auth-extra-groups"] = []byte(strings.Join(b.Groups, ","))
	}
	return secret{"v1", "Secret", map[string]any{"name": secretPrefix + id, "namespace": "kube-system"}, secretType, data}
}

// fromSecret reads a bootstrap token Secret.
func fromSecret(s secret) (bootstrapToken, error) {
	b := bootstrapToken{
		Token:       string(s.Data["token-id"]) + "." + string(s.Data["token-secret"]),
		Description: string(s.Data["description"]),
	}
	if _, _, ok := token.Bootstrap(b.Token); !ok {
		return b, fmt.Errorf("bootstrap token Secret %v is malformed", s.Metadata["name"])
	}
	if text := string(s.Data["expiration"]); text != "" {
		expires, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return b, err
		}
		b.Expires = &expires
	}
	for key, value := range s.Data {
		if usage, ok := strings.CutPrefix(key, usagePrefix); ok && string(value) == "true" {
			b.Usages = append(b.Usages, usage)
		}
	}
	slices.Sort(b.Usages)
	if groups := string(s.Data["auth-extra-groups"]); groups != "" {
		b.Groups = strings.Split(groups, ",")
	}
	return b, nil
}

func tokenList(ctx context.Context, t *args.ToolOptions, out io.Writer) error {
	client, _, err := connect(t.Kubeconfig)
	if err != nil {
		return err
	}
	var found struct{ Items []secret }
	if err := client.Get(ctx, secretsPath+"?fieldSelector="+url.QueryEscape("type="+secretType), &found); err != nil {
		return fmt.Errorf("failed to list bootstrap tokens: %w", err)
	}
	tokens := []bootstrapToken{}
	for _, s := range found.Items {
		b, err := fromSecret(s)
		if err != nil {
			return err
		}
		tokens = append(tokens, b)
	}
	return printTokens(tokens, t.Output, time.Now(), out)
}

func printTokens(tokens []bootstrapToken, format string, now time.Time, out io.Writer) error {
	switch format {
	case "json":
		return json.NewEncoder(out).Encode(tokens)
	case "yaml":
		raw, err := yaml.Marshal(tokens)
		if err == nil {
			_, err = out.Write(raw)
		}
		return err
	case "text":
	default:
		return fmt.Errorf("invalid output format: %s", format)
	}
	w := tabwriter.NewWriter(out, 10, 4, 3, ' ', 0)
	fmt.Fprint(w, "TOKEN\tTTL\tEXPIRES\tUSAGES\tDESCRIPTION\tEXTRA GROUPS\n")
	for _, b := range tokens {
		id, _, _ := strings.Cut(b.Token, ".")
		ttl, expires := "<forever>", "<never>"
		if b.Expires != nil {
			ttl, expires = shortAge(b.Expires.Sub(now)), b.Expires.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", id, ttl, expires, orNone(b.Usages...), orNone(b.Description), orNone(b.Groups...))
	}
	return w.Flush()
}

func orNone(parts ...string) string {
	if text := strings.Join(parts, ","); text != "" {
		return text
	}
	return "<none>"
}

// shortAge prints a duration in its largest whole unit, as kubectl does.
func shortAge(d time.Duration) string {
	switch {
	case d < -2*time.Second:
		return "<invalid>"
	case d < 0:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d < 365*24*time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
	return fmt.Sprintf("%dy", int(d.Hours()/24/365))
}

func tokenDelete(ctx context.Context, t *args.ToolOptions, ids []string, out io.Writer) error {
	client, _, err := connect(t.Kubeconfig)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !tokenID.MatchString(id) {
			return fmt.Errorf("given token didn't match pattern %q or %q", tokenIDForm, tokenForm)
		}
		err := client.Do(ctx, http.MethodDelete, secretsPath+"/"+secretPrefix+id, nil, nil)
		var answer *api.Error
		if errors.As(err, &answer) {
			return fmt.Errorf("failed to delete bootstrap token %q: %s", id, message(answer))
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "bootstrap token %q deleted\n", id)
	}
	return nil
}

// message takes the text out of an API Status.
func message(e *api.Error) string {
	var status struct{ Message string }
	if json.Unmarshal([]byte(e.Body), &status) == nil && status.Message != "" {
		return status.Message
	}
	return e.Error()
}
