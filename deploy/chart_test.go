package deploy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// render renders the chart with the values of a file, or with its own.
func render(t *testing.T, values string) map[string]node {
	t.Helper()
	args := []string{"template", "test", "chart", "--namespace", "mcp", "--kube-version", "1.34.0"}
	lint := []string{"lint", "--strict", "chart", "--kube-version", "1.34.0"}
	if values != "" {
		args, lint = append(args, "--values", values), append(lint, "--values", values)
	}
	helm := tool(t, "DEPLOY_HELM")
	if text, ok := output(t, helm, lint...); !ok {
		t.Fatalf("helm lint:\n%s", text)
	}
	text, ok := output(t, helm, args...)
	if !ok {
		t.Fatalf("helm template:\n%s", text)
	}
	found := map[string]node{}
	for _, document := range documents(t, text) {
		found[document["kind"].(string)] = document
	}
	return found
}

// mounted writes what the pod finds in its directories, and returns its gateway.yaml.
func mounted(t *testing.T, objects map[string]node) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range in(objects["ConfigMap"], "data").(node) {
		write("etc/"+name, strings.ReplaceAll(text.(string), "/run/secrets/", dir+"/secrets/"))
	}
	cert, key := keyPair(t)
	write("secrets/tls/tls.crt", cert)
	write("secrets/tls/tls.key", key)
	write("secrets/mcpauth/notes/key", "secret")
	return filepath.Join(dir, "etc/gateway.yaml")
}

func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// TestChart holds that what the chart renders fits together: the gateway can read its
// file, the ports are those of the file, and the pod outlives the drain.
func TestChart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		values string
		kinds  []string
		tls    bool
		port   int
		admin  int
		delay  int
		grace  int
	}{
		{values: "", port: 8080, admin: 9901, delay: 5, grace: 30,
			kinds: []string{"ConfigMap", "Deployment", "PodDisruptionBudget", "Service", "ServiceAccount"}},
		{values: "testdata/values/full.yaml", tls: true, port: 8443, admin: 9902, delay: 10, grace: 50,
			kinds: []string{"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"}},
	}
	for _, test := range tests {
		t.Run(filepath.Base(test.values), func(t *testing.T) {
			t.Parallel()
			objects := render(t, test.values)
			var kinds []string
			for kind := range objects {
				kinds = append(kinds, kind)
			}
			slices.Sort(kinds)
			if !slices.Equal(kinds, test.kinds) {
				t.Errorf("%v, want %v", kinds, test.kinds)
			}
			path := mounted(t, objects)
			usable(t, path)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var file node
			decode(t, data, &file)
			want := node{
				"listen": fmt.Sprintf(":%d", test.port), "admin": fmt.Sprintf(":%d", test.admin),
				"drain": node{"delay": fmt.Sprintf("%ds", test.delay), "grace": fmt.Sprintf("%ds", test.grace)},
			}
			for name, value := range want {
				if !reflect.DeepEqual(file[name], value) {
					t.Errorf("%s: %v, want %v", name, file[name], value)
				}
			}
			if (file["tls"] != nil) != test.tls {
				t.Errorf("tls: %v", file["tls"])
			}
			pod := in(objects["Deployment"], "spec", "template", "spec")
			if got := in(pod, "terminationGracePeriodSeconds"); got != test.delay+test.grace+5 {
				t.Errorf("terminationGracePeriodSeconds: %v", got)
			}
			ports := []any{node{"name": "mcp", "containerPort": test.port}, node{"name": "admin", "containerPort": test.admin}}
			if got := in(pod, "containers", 0, "ports"); !reflect.DeepEqual(got, ports) {
				t.Errorf("ports: %v", got)
			}
		})
	}
}

// TestChartIsHardened holds what the pod may not do.
func TestChartIsHardened(t *testing.T) {
	t.Parallel()
	pod := in(render(t, "")["Deployment"], "spec", "template", "spec")
	container := in(pod, "containers", 0)
	for _, want := range []struct {
		of    any
		path  []any
		value any
	}{
		{pod, []any{"automountServiceAccountToken"}, false},
		{pod, []any{"securityContext", "runAsNonRoot"}, true},
		{pod, []any{"securityContext", "runAsUser"}, 65532},
		{pod, []any{"securityContext", "seccompProfile", "type"}, "RuntimeDefault"},
		{container, []any{"securityContext", "allowPrivilegeEscalation"}, false},
		{container, []any{"securityContext", "readOnlyRootFilesystem"}, true},
		{container, []any{"securityContext", "capabilities", "drop", 0}, "ALL"},
		{container, []any{"livenessProbe", "httpGet"}, node{"path": "/livez", "port": "admin"}},
		{container, []any{"readinessProbe", "httpGet"}, node{"path": "/readyz", "port": "admin"}},
	} {
		if got := in(want.of, want.path...); !reflect.DeepEqual(got, want.value) {
			t.Errorf("%v: %v, want %v", want.path, got, want.value)
		}
	}
}

// TestChartIngress holds that the Ingress has each host of the identifiers once.
func TestChartIngress(t *testing.T) {
	t.Parallel()
	ingress := render(t, "testdata/values/full.yaml")["Ingress"]
	hosts := []any{"mcp.example.com", "other.example.com"}
	if got := in(ingress, "spec", "tls", 0, "hosts"); !reflect.DeepEqual(got, hosts) {
		t.Errorf("hosts of TLS: %v", got)
	}
	rules, _ := in(ingress, "spec", "rules").([]any)
	for i, rule := range rules {
		if got := in(rule, "host"); got != hosts[i] {
			t.Errorf("rule %d is for %v", i, got)
		}
	}
	if len(rules) != len(hosts) {
		t.Errorf("%d rules", len(rules))
	}
}

// TestChartRefuses holds that values are refused which the chart would ignore, or which
// would break it.
func TestChartRefuses(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/refused/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, ok := output(t, tool(t, "DEPLOY_HELM"), "template", "test", "chart", "--values", file)
		if ok || !strings.Contains(text, "schema") {
			t.Errorf("%s is not refused by the schema:\n%s", file, text)
		}
	}
}
