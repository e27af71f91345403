package main

import (
	"strings"
	"testing"
)

// providerIn has a made-up cloud of its own.
func providerIn(t *testing.T, name string) *provider {
	t.Helper()
	dir := t.TempDir()
	s, err := stageFromEnv(func(name string) string { return map[string]string{"REHEARSAL_DIR": dir}[name] })
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProvider(name, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPodsHoldUpAClaimUntilTheNamespaceGoes(t *testing.T) {
	p := providerIn(t, "kubernetes")
	claim := map[string]any{"metadata": []any{map[string]any{"name": "git-cache-pvc", "namespace": "ns"}}}
	act := func(typ, action string, subject map[string]any) (float64, string) {
		seconds, err := p.inNamespace(typ, action, subject)
		if err != nil {
			return seconds, err.Error()
		}
		return seconds, ""
	}
	if _, problem := act(claimType, "delete", claim); problem != "" {
		t.Errorf("without pods: %s", problem)
	}
	act("helm_release", "create", map[string]any{"name": "airflow", "namespace": "ns"})
	// The uninstall leaves the pods.
	act("helm_release", "delete", map[string]any{"name": "airflow", "namespace": "ns"})
	seconds, problem := act(claimType, "delete", claim)
	if seconds != 1200 || !strings.Contains(problem, "git-cache-pvc still exists with finalizers: [kubernetes.io/pvc-protection]") {
		t.Errorf("with pods: %v s, %q", seconds, problem)
	}
	act("kubernetes_namespace_v1", "delete", map[string]any{"metadata": []any{map[string]any{"name": "ns"}}})
	if _, problem := act(claimType, "delete", claim); problem != "" {
		t.Errorf("after the namespace: %s", problem)
	}
}

func TestAClaimOfTheChartIsSeenWithItsSize(t *testing.T) {
	p := providerIn(t, "kubernetes")
	d := p.catalogue.Data.get(claimType)
	size := func(namespace, name string) string {
		result := map[string]any{"metadata": []any{map[string]any{"name": name, "namespace": namespace}}}
		p.observeClaim(d, result)
		return text(lookup(result, "spec.0.resources.0.requests.storage"))
	}
	if got := size("ns", "git-cache-pvc"); got != "" {
		t.Errorf("before the release: %q", got)
	}
	release := map[string]any{"namespace": "ns", "values": []any{`{"claims": [{"name": "git-cache-pvc", "storage": "200Gi"}]}`}}
	if err := p.stage.save(&thing{Type: "helm_release", ID: claimsRelease, Attributes: release}); err != nil {
		t.Fatal(err)
	}
	if got := size("ns", "git-cache-pvc") + size("ns", "other") + size("elsewhere", "git-cache-pvc"); got != "200Gi" {
		t.Errorf("after the release: %q", got)
	}
	single := map[string]any{"spec": []any{map[string]any{"resources": []any{map[string]any{"requests": map[string]any{"storage": "300Gi"}}}}}}
	if err := p.stage.save(&thing{Type: claimType, ID: "ns/git-cache-pvc", Attributes: single}); err != nil {
		t.Fatal(err)
	}
	if got := size("ns", "git-cache-pvc"); got != "300Gi" {
		t.Errorf("with a resource of its own: %q", got)
	}
}

func TestTheAPIServerMakesTheNameOfAJob(t *testing.T) {
	p := providerIn(t, "kubernetes")
	p.config = map[string]any{"host": "https://cluster"}
	const typ = "kubernetes_job_v1"
	made := func(metadata map[string]any) map[string]any {
		metadata["namespace"] = "ns"
		job := map[string]any{"id": unknown{}, "metadata": []any{metadata}}
		block := p.catalogue.Resources.get(typ).Block
		p.complete(typ, block, job)
		if p.obstacle(typ, "create", job) == nil {
			if err := p.remember(block, "create", typ, job, nil); err != nil {
				t.Fatal(err)
			}
		}
		return job
	}
	first := made(map[string]any{"name": unknown{}, "generate_name": "verify-"})
	second := made(map[string]any{"name": unknown{}, "generate_name": "verify-"})
	for _, job := range []map[string]any{first, second} {
		if name := text(lookup(job, "metadata.name")); !strings.HasPrefix(name, "verify-") || len(name) != 12 || text(job["id"]) != "ns/"+name {
			t.Errorf("%v is called %s", job["id"], name)
		}
	}
	if equal(first["id"], second["id"]) {
		t.Errorf("both are %v", first["id"])
	}
	for wanted, metadata := range map[string]map[string]any{
		"already exists": {"name": lookup(first, "metadata.name")},
		"neither name":   {"name": unknown{}},
	} {
		job := map[string]any{"id": unknown{}, "metadata": []any{metadata}}
		metadata["namespace"] = "ns"
		p.complete(typ, p.catalogue.Resources.get(typ).Block, job)
		if err := p.obstacle(typ, "create", job); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%v: %v", metadata, err)
		}
	}
	if err := p.stage.removeNamespaced("ns"); err != nil || p.stage.load(typ, text(first["id"])) != nil {
		t.Errorf("the job outlives its namespace: %v", err)
	}
}
