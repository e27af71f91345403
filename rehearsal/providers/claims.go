package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// What a namespace holds besides the objects of a state: the pods that Airflow started, and the claims of the project's chart.

const (
	claimType     = "kubernetes_persistent_volume_claim_v1"
	claimsRelease = "datasurface-claims"
	// Its pods of KubernetesPodOperator have no owner: they stay when the release is uninstalled, or was never recorded.
	podStarter = "airflow"
	// The provider has no delete timeout for claims: that of its SDK.
	claimDeleteSeconds = 1200
)

// podsFile marks a namespace in which pods mount the claims.
func (p *provider) podsFile(namespace string) string {
	return filepath.Join(p.stage.dir, "pods", namespace)
}

// inNamespace plays what an action does to the pods of its namespace, or what these do to it. It gives the seconds that this takes.
func (p *provider) inNamespace(typ, action string, subject map[string]any) (float64, error) {
	if p.stage.dir == "" {
		return 0, nil
	}
	switch {
	case typ == "helm_release" && action == "create" && text(subject["name"]) == podStarter:
		file := p.podsFile(text(subject["namespace"]))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return 0, err
		}
		return 0, os.WriteFile(file, nil, 0o600)
	case typ == "kubernetes_namespace_v1" && action == "delete":
		if err := p.stage.removeNamespaced(text(lookup(subject, "metadata.name"))); err != nil {
			return 0, err
		}
		if err := os.Remove(p.podsFile(text(lookup(subject, "metadata.name")))); !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
	case typ == claimType && action == "delete":
		if _, err := os.Stat(p.podsFile(text(lookup(subject, "metadata.namespace")))); err == nil {
			return claimDeleteSeconds, fmt.Errorf("Persistent volume claim %s still exists with finalizers: [kubernetes.io/pvc-protection]", text(lookup(subject, "metadata.name")))
		}
	}
	return 0, nil
}

// removeNamespaced: what Terraform does not know, such as a job that a killed run has left, goes with its namespace.
func (s *stage) removeNamespaced(namespace string) error {
	files, err := filepath.Glob(filepath.Join(s.dir, "objects", "*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		// Terraform deletes other objects at the same time.
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		t := &thing{}
		if err := json.Unmarshal(content, t); err != nil {
			return err
		}
		if text(lookup(t.Attributes, "metadata.namespace")) == namespace {
			if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// observeClaim tells what a data source sees of a claim: of one with a resource of its own, of one of the chart, or of none,
// which is no error (kubernetes 3.2.1, data_source_kubernetes_persistent_volume_claim_v1.go).
func (p *provider) observeClaim(d *definition, result map[string]any) {
	spec := []any{}
	namespace, name := text(lookup(result, "metadata.namespace")), text(lookup(result, "metadata.name"))
	if own := p.stage.load(claimType, namespace+"/"+name); own != nil {
		spec = list(own.Attributes["spec"])
	} else if storage := p.chartClaim(namespace, name); storage != "" {
		spec = append(spec, map[string]any{"resources": []any{map[string]any{"requests": map[string]any{"storage": storage}}}})
	}
	result["spec"] = shape(spec, d.typ.(tftypes.Object).AttributeTypes["spec"])
}

// chartClaim is the size of a claim in the release of the project's chart.
func (p *provider) chartClaim(namespace, name string) string {
	release := p.stage.load("helm_release", claimsRelease)
	if release == nil || text(release.Attributes["namespace"]) != namespace {
		return ""
	}
	for _, document := range list(release.Attributes["values"]) {
		var values struct {
			Claims []struct{ Name, Storage string }
		}
		if json.Unmarshal([]byte(text(document)), &values) != nil {
			continue
		}
		for _, claim := range values.Claims {
			if claim.Name == name {
				return claim.Storage
			}
		}
	}
	return ""
}
