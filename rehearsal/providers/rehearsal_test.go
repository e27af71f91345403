package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// The tests drive terraform itself over the three root modules in testdata, which read each other's outputs.

const githubToken = canary + "-github-token"

// world is a copy of testdata with its own made-up cloud.
type world struct {
	t        *testing.T
	dir      string
	rc       string
	settings []string
}

func newWorld(t *testing.T, settings ...string) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("runs terraform")
	}
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not installed")
	}
	w := &world{t: t, dir: t.TempDir(), rc: install(t), settings: settings}
	if err := os.CopyFS(w.dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	return w
}

var installed string

func install(t *testing.T) string {
	t.Helper()
	if installed == "" {
		out, err := exec.Command("./install.sh", os.Getenv("REHEARSAL_INSTALL_DIR")).Output()
		if err != nil {
			t.Fatalf("install.sh: %v", err)
		}
		installed = regexp.MustCompile(`'(.*)'`).FindStringSubmatch(string(out))[1]
	}
	return installed
}

func (w *world) try(stack string, arguments ...string) (string, int) {
	w.t.Helper()
	command := exec.Command("terraform", append([]string{"-chdir=" + filepath.Join(w.dir, stack)}, arguments...)...)
	command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+w.rc, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1",
		"REHEARSAL_DIR="+filepath.Join(w.dir, "stage"), "TF_VAR_github_token="+githubToken)
	command.Env = append(command.Env, w.settings...)
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	// Terraform breaks the lines of an error where they get long.
	return regexp.MustCompile(`[ \n]+`).ReplaceAllString(string(out), " "), command.ProcessState.ExitCode()
}

func (w *world) run(stack string, arguments ...string) string {
	w.t.Helper()
	out, code := w.try(stack, append(arguments, "-no-color")...)
	if code != 0 {
		w.t.Fatalf("terraform %s in %s: exit %d\n%s", strings.Join(arguments, " "), stack, code, out)
	}
	return out
}

func (w *world) init(stack string) { w.t.Helper(); w.run(stack, "init") }

func (w *world) apply(stack string, arguments ...string) string {
	w.t.Helper()
	return w.run(stack, append([]string{"apply", "-auto-approve"}, arguments...)...)
}

func (w *world) applyAll() {
	w.t.Helper()
	for _, stack := range []string{"infra", "cluster", "workload"} {
		w.init(stack)
		w.apply(stack)
	}
}

// expectNoChanges plans, and looks for secrets in the plan.
func (w *world) expectNoChanges(stack string, arguments ...string) {
	w.t.Helper()
	out, code := w.try(stack, append([]string{"plan", "-no-color", "-detailed-exitcode", "-out=plan.bin"}, arguments...)...)
	if code != 0 {
		w.t.Errorf("%s: the second plan is not empty (exit %d)\n%s", stack, code, out)
	}
	w.expectNoCanary(stack, out)
	w.expectNoCanary(stack, w.run(stack, "show", "-json", "plan.bin"))
}

func (w *world) expectNoCanary(what, content string) {
	w.t.Helper()
	if i := strings.Index(content, canary); i >= 0 {
		w.t.Errorf("%s: a secret got into %q", what, content[max(i-80, 0):min(i+60, len(content))])
	}
}

func (w *world) journal() []entry {
	w.t.Helper()
	file, err := os.Open(filepath.Join(w.dir, "stage", "journal.jsonl"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	var out []entry
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		e := entry{}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			w.t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// last is the newest entry of this kind; name narrows it down to ids that contain it.
func (w *world) last(action, typ, name string) entry {
	w.t.Helper()
	found := entry{}
	for _, e := range w.journal() {
		if e.Action == action && e.Type == typ && strings.Contains(e.ID, name) {
			found = e
		}
	}
	if found.Type == "" {
		w.t.Fatalf("journal has no %s of %s %s", action, typ, name)
	}
	return found
}

func (e entry) get(path string) string { return fmt.Sprint(lookup(e.Config, path)) }

func TestDeployment(t *testing.T) {
	w := newWorld(t, "REHEARSAL_STRICT=1")
	w.applyAll()

	t.Run("a second plan is empty and no secret is in any file", func(t *testing.T) {
		for _, stack := range []string{"infra", "cluster", "workload"} {
			w.expectNoChanges(stack)
			for _, file := range []string{"cdk.tf.json", "terraform.tfstate"} {
				content, err := os.ReadFile(filepath.Join(w.dir, stack, file))
				if err != nil {
					t.Fatal(err)
				}
				w.expectNoCanary(stack+"/"+file, string(content))
			}
		}
	})

	t.Run("secrets go through the vault", func(t *testing.T) {
		vault := w.last("create", "azurerm_key_vault_secret", "pg-admin").get("value_wo")
		if !strings.HasPrefix(vault, canary) || len(vault) != 24 {
			t.Errorf("the vault holds %q", vault)
		}
		if server := w.last("create", "azurerm_postgresql_flexible_server", "").get("administrator_password_wo"); server != vault {
			t.Errorf("the server was given %q, the vault %q", server, vault)
		}
		dsn := w.last("create", "kubernetes_secret_v1", "").get("data_wo.connection")
		if want := "postgresql://pgadmin:" + vault[:4]; !strings.HasPrefix(dsn, want) || strings.Contains(dsn, vault[15:]) {
			t.Errorf("the connection string is not URL-encoded: %q", dsn)
		}
		if release := w.last("create", "helm_release", "").get("set_wo.0.value"); release != vault {
			t.Errorf("the release was given %q", release)
		}
		if token := w.last("create", "azurerm_key_vault_secret", "git").get("value_wo"); token != `{"token":"`+githubToken+`"}` {
			t.Errorf("the token is stored as %q", token)
		}
	})

	t.Run("the order is that of the dependencies", func(t *testing.T) {
		order := []entry{
			w.last("create", "azurerm_resource_group", ""), w.last("create", "azurerm_key_vault", ""),
			w.last("create", "azurerm_role_assignment", "kv-demo"), w.last("create", "time_sleep", ""),
			w.last("create", "azurerm_key_vault_secret", "pg-admin"), w.last("create", "azurerm_postgresql_flexible_server", ""),
			w.last("create", "kubernetes_namespace_v1", ""), w.last("create", "kubernetes_job_v1", ""), w.last("create", "helm_release", ""),
		}
		for i := 1; i < len(order); i++ {
			if !order[i-1].Ended.Before(order[i].Started) {
				t.Errorf("%s did not end before %s started", order[i-1].Type, order[i].Type)
			}
		}
	})

	t.Run("data sources see what was created", func(t *testing.T) {
		host := fmt.Sprint(lookup(w.configured("kubernetes"), "host"))
		if !strings.Contains(host, "aks-demo") {
			t.Errorf("the kubernetes provider was pointed to %q", host)
		}
	})

	t.Run("a new revision replaces the job and nothing else", func(t *testing.T) {
		out := w.apply("workload", "-var=job_revision=2")
		if !strings.Contains(out, "2 added, 0 changed, 2 destroyed") {
			t.Error(out)
		}
		if !w.last("delete", "kubernetes_job_v1", "").Ended.Before(w.last("create", "kubernetes_job_v1", "").Started) {
			t.Error("the old job is deleted after the new one is created")
		}
		w.expectNoChanges("workload", "-var=job_revision=2")
	})

	t.Run("rotation reaches everybody with the same new value", func(t *testing.T) {
		before := w.last("create", "azurerm_key_vault_secret", "pg-admin").get("value_wo")
		w.apply("infra", "-var=password_revision=2")
		w.apply("cluster", "-var=password_revision=2")
		vault := w.last("update", "azurerm_key_vault_secret", "pg-admin").get("value_wo")
		if vault == before || vault != w.last("update", "azurerm_postgresql_flexible_server", "").get("administrator_password_wo") {
			t.Errorf("before %q, after %q", before, vault)
		}
		w.last("update", "kubernetes_secret_v1", "")
		w.expectNoChanges("infra", "-var=password_revision=2")
	})

	t.Run("an update without a new revision sends no write-only value", func(t *testing.T) {
		w.apply("infra", "-var=password_revision=2", "-var=storage_mb=65536")
		server := w.last("update", "azurerm_postgresql_flexible_server", "")
		if server.get("storage_mb") != "65536" || lookup(server.Config, "administrator_password_wo") != nil {
			t.Errorf("the server was given %v", server.Config)
		}
	})

	t.Run("destroy leaves nothing", func(t *testing.T) {
		for _, stack := range []string{"workload", "cluster", "infra"} {
			w.run(stack, "destroy", "-auto-approve")
		}
		left, err := os.ReadDir(filepath.Join(w.dir, "stage", "objects"))
		if err != nil || len(left) > 0 {
			t.Errorf("%d objects are left, %v", len(left), err)
		}
	})
}

func (w *world) configured(provider string) any {
	var config any
	for _, e := range w.journal() {
		if e.Action == "configure" && e.Provider == provider {
			config = e.Config
		}
	}
	return config
}

func TestFaults(t *testing.T) {
	t.Run("what failed once succeeds on the next run, and the vault wins", func(t *testing.T) {
		w := newWorld(t, "REHEARSAL_FAIL=azurerm_postgresql_flexible_server:create:1")
		w.init("infra")
		out, code := w.try("infra", "apply", "-auto-approve", "-no-color")
		if code == 0 || !strings.Contains(out, "fails as asked for") {
			t.Fatalf("exit %d\n%s", code, out)
		}
		w.apply("infra")
		stored := w.last("create", "azurerm_key_vault_secret", "pg-admin").get("value_wo")
		if given := w.last("create", "azurerm_postgresql_flexible_server", "").get("administrator_password_wo"); given != stored {
			t.Errorf("the server was given %q, the vault holds %q", given, stored)
		}
		w.expectNoChanges("infra")
	})

	t.Run("a tainted object is replaced", func(t *testing.T) {
		w := newWorld(t, "REHEARSAL_FAIL=azurerm_mssql_database:create:1:taint")
		w.init("infra")
		if _, code := w.try("infra", "apply", "-auto-approve"); code == 0 {
			t.Fatal("the apply should fail")
		}
		if out := w.apply("infra"); !strings.Contains(out, "1 destroyed") {
			t.Error(out)
		}
	})

	// What a person meets who ends Terraform while Azure makes these.
	interrupted := "REHEARSAL_FAIL=azurerm_kubernetes_cluster:create:1:interrupted,azurerm_postgresql_flexible_server:create:1:interrupted," +
		"azurerm_mssql_server:create:1:interrupted"

	t.Run("an interrupted create whose id was kept is replaced", func(t *testing.T) {
		w := newWorld(t, interrupted)
		write(t, filepath.Join(w.dir, "infra", "keep_override.tf.json"),
			`{"provider": {"azurerm": {"features": {"persist_id_on_create_before_polling_for_completion": true}}}}`)
		w.init("infra")
		if out, code := w.try("infra", "apply", "-auto-approve", "-no-color"); code == 0 || strings.Count(out, "fails as asked for") != 3 {
			t.Fatalf("exit %d\n%s", code, out)
		}
		if out := w.apply("infra"); !strings.Contains(out, "3 destroyed") {
			t.Error(out)
		}
		w.expectNoChanges("infra")
	})

	t.Run("an interrupted create whose id was not kept has to be imported", func(t *testing.T) {
		w := newWorld(t, interrupted)
		w.init("infra")
		if _, code := w.try("infra", "apply", "-auto-approve"); code == 0 {
			t.Fatal("the apply should fail")
		}
		for range 2 { // for ever
			if out, code := w.try("infra", "apply", "-auto-approve", "-no-color"); code == 0 || strings.Count(out, "already exists") != 3 {
				t.Fatalf("exit %d\n%s", code, out)
			}
		}
		for _, typ := range []string{"azurerm_kubernetes_cluster", "azurerm_postgresql_flexible_server", "azurerm_mssql_server"} {
			w.run("infra", "import", typ+".main", w.last("create", typ, "").ID)
		}
		w.apply("infra")
	})

	t.Run("the real provider's rules between arguments hold", func(t *testing.T) {
		w := newWorld(t)
		write(t, filepath.Join(w.dir, "infra", "extra.tf"), `
			resource "azurerm_key_vault_secret" "both" {
			  name         = "both"
			  key_vault_id = azurerm_key_vault.main.id
			  value        = "x"
			  value_wo     = "y"
			}`)
		w.init("infra")
		out, code := w.try("infra", "validate", "-no-color")
		for _, want := range []string{"exactly one of", "value_wo_version"} {
			if code == 0 || !strings.Contains(out, want) {
				t.Errorf("exit %d, no %q in\n%s", code, want, out)
			}
		}
	})

	t.Run("strict: a data source of something nobody made fails", func(t *testing.T) {
		w := newWorld(t, "REHEARSAL_STRICT=1")
		write(t, filepath.Join(w.dir, "infra", "extra.tf"), `
			data "azurerm_resource_group" "other" {
			  name = "other"
			}`)
		w.init("infra")
		if out, code := w.try("infra", "plan", "-no-color"); code == 0 || !strings.Contains(out, "was not found") {
			t.Errorf("exit %d\n%s", code, out)
		}
		w.settings = append(w.settings, "REHEARSAL_EXISTING=azurerm_resource_group=other")
		w.run("infra", "plan")
	})
}

// Terraform 1.11 cannot mock a provider whose ephemeral resources a module uses: azurerm is left to the rehearsal.
func TestMockedTests(t *testing.T) {
	w := newWorld(t, "REHEARSAL_DIR=") // no memory: every secret that is asked for is there
	write(t, filepath.Join(w.dir, "workload", "tests", "plan.tftest.json"), `{
		"mock_provider": {"kubernetes": {}, "helm": {}, "null": {}},
		"override_data": [
			{"target": "data.terraform_remote_state.infra", "values": {"outputs": {
				"cluster_name": "c", "resource_group_name": "g", "pg_secret_name": "s", "key_vault_id": "/k", "client_id": "i", "pg_fqdn": "f"}}},
			{"target": "data.terraform_remote_state.cluster", "values": {"outputs": {"namespace": "airflow", "dsn_secret": "d"}}},
			{"target": "data.azurerm_kubernetes_cluster.main", "values": {"kube_config": [{"host": "https://h", "cluster_ca_certificate": "eA=="}]}}
		],
		"run": {"plan": {"command": "plan", "assert": [{
			"condition": "${helm_release.airflow.namespace == \"airflow\"}", "error_message": "namespace"}]}}
	}`)
	w.init("workload")
	if out := w.run("workload", "test"); !strings.Contains(out, "1 passed, 0 failed") {
		t.Error(out)
	}
}

func TestSimulatedTime(t *testing.T) {
	w := newWorld(t, "REHEARSAL_TIME_SCALE=0.001")
	w.init("infra")
	start := time.Now()
	w.apply("infra")
	if e := w.last("create", "azurerm_kubernetes_cluster", ""); e.Seconds != 360 || e.Ended.Sub(e.Started) < 360*time.Millisecond {
		t.Errorf("estimated %v s, took %v", e.Seconds, e.Ended.Sub(e.Started))
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ---- without terraform

func TestOfferedTypes(t *testing.T) {
	offered := func(given ...string) (resources, data, ephemeral []string) {
		s, err := stageFromEnv(environment(given...))
		if err != nil {
			t.Fatal(err)
		}
		p, err := newProvider("azurerm", s)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.GetProviderSchema(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		named, err := p.GetMetadata(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(named.Resources) != len(out.ResourceSchemas) || len(named.DataSources) != len(out.DataSourceSchemas) || len(named.EphemeralResources) != len(out.EphemeralResourceSchemas) {
			t.Errorf("%v: metadata and schemas differ", given)
		}
		return sortedKeys(out.ResourceSchemas), sortedKeys(out.DataSourceSchemas), sortedKeys(out.EphemeralResourceSchemas)
	}
	resources, data, ephemeral := offered("REHEARSAL_TYPES=azurerm_key_vault_secret,azurerm_subnet kubernetes_job_v1")
	for _, one := range []struct {
		found []string
		want  string
	}{{resources, "azurerm_key_vault_secret azurerm_subnet"}, {data, "azurerm_key_vault_secret azurerm_subnet"}, {ephemeral, "azurerm_key_vault_secret"}} {
		if strings.Join(one.found, " ") != one.want {
			t.Errorf("%v instead of %s", one.found, one.want)
		}
	}
	if resources, _, _ := offered(); len(resources) < 1000 {
		t.Errorf("without the variable only %d", len(resources))
	}
}

func TestTables(t *testing.T) {
	types := map[string]*definition{}
	for _, line := range strings.Fields(read(t, "providers.txt")) {
		if strings.ContainsAny(line, ".") {
			continue
		}
		c, err := loadCatalogue(line)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range []*definitions{&c.Data, &c.Ephemeral, &c.Resources} {
			for _, name := range group.names() {
				types[name] = group.get(name)
			}
		}
	}
	names := sortedKeys(types)
	for typ, template := range tables.ids {
		if types[typ] == nil {
			t.Errorf("ids.txt: there is no type %s", typ)
			continue
		}
		for _, argument := range regexp.MustCompile(`\{(?:last:)?([a-z_]+)`).FindAllStringSubmatch(template, -1) {
			name := argument[1]
			if name == "group" {
				name = "resource_group_name"
			}
			if b := types[typ].Block; name != "subscription" && b.Attributes[name] == nil && b.Blocks[name] == nil {
				t.Errorf("ids.txt: %s has no argument %s", typ, name)
			}
		}
	}
	for typ := range tables.keepsID {
		if types[typ] == nil {
			t.Errorf("keeps-id.txt: there is no type %s", typ)
		}
	}
	for _, row := range tables.oneAtATime {
		name, _, _ := strings.Cut(row.attribute, ".")
		if d := types[row.typ]; d == nil || d.Block.Attributes[name] == nil && d.Block.Blocks[name] == nil {
			t.Errorf("one-at-a-time.txt: there is no type %s with an argument %s", row.typ, name)
		}
	}
	for _, row := range tables.values {
		if !slices.ContainsFunc(names, func(name string) bool { return glob(row.typ, name) }) {
			t.Errorf("values.txt: no type is like %s", row.typ)
		}
	}
	for _, row := range tables.seconds {
		typ, _, _ := strings.Cut(row.typ, "/")
		if !slices.ContainsFunc(names, func(name string) bool { return glob(typ, name) }) {
			t.Errorf("seconds.txt: no type is like %s", row.typ)
		}
	}
}

// Every resource type can be planned and applied with all its required arguments, so that no type is a surprise.
func TestEveryTypeCompletes(t *testing.T) {
	for _, name := range []string{"azurerm", "helm", "kubernetes", "null", "random", "time"} {
		p, err := newProvider(name, &stage{})
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range []*definitions{&p.catalogue.Resources, &p.catalogue.Data, &p.catalogue.Ephemeral} {
			for _, typ := range group.names() {
				d := group.get(typ)
				config := sample(d.Block)
				planned := d.plan(typ, config, nil, config)
				if _, err := d.write(planned); err != nil {
					t.Fatalf("%s: %v", typ, err)
				}
				p.complete(typ, d.Block, planned)
				p.finish(typ, planned)
				wire, err := d.write(planned)
				if err != nil {
					t.Fatalf("%s: %v", typ, err)
				}
				state, err := d.read(wire)
				if err != nil {
					t.Fatalf("%s: %v", typ, err)
				}
				if strings.Contains(fmt.Sprint(plain(state)), "(known after apply)") {
					t.Errorf("%s: something is unknown after the apply", typ)
				}
				if again := d.plan(typ, config, state, proposal(d.Block, config, state)); !equal(again, state) {
					t.Errorf("%s: the second plan is not empty", typ)
				}
			}
		}
	}
}

// A cluster with Entra ID hands out admin credentials while local accounts are on, whenever that was switched.
func TestLocalAccountsAreSwitched(t *testing.T) {
	p, err := newProvider("azurerm", &stage{})
	if err != nil {
		t.Fatal(err)
	}
	const typ, entra = "azurerm_kubernetes_cluster", "azure_active_directory_role_based_access_control"
	d := p.catalogue.Resources.get(typ)
	wire := func(value map[string]any) *tfprotov6.DynamicValue {
		t.Helper()
		out, err := d.write(value)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	var state map[string]any
	for _, disabled := range []bool{true, false, true} {
		config := sample(d.Block)
		config[entra] = []any{sample(d.Block.Blocks[entra].Block)}
		config["local_account_disabled"] = disabled
		proposed := config
		if state != nil {
			proposed = proposal(d.Block, config, state)
		}
		response, err := p.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
			TypeName: typ, PriorState: wire(state), Config: wire(config), PlannedState: wire(d.plan(typ, config, state, proposed)),
		})
		if err != nil || len(response.Diagnostics) > 0 {
			t.Fatal(err, response)
		}
		before := state
		if state, err = d.read(response.NewState); err != nil {
			t.Fatal(err)
		}
		certificate := text(lookup(state, "kube_admin_config.0.client_certificate"))
		if raw := text(state["kube_admin_config_raw"]); (certificate == "") != disabled || (raw == "") != disabled {
			t.Errorf("local accounts disabled: %v; certificate %q, kubeconfig %q", disabled, certificate, raw)
		}
		if host := text(lookup(state, "kube_config.0.host")); host == "" || before != nil && host != text(lookup(before, "kube_config.0.host")) {
			t.Errorf("the address became %q", host)
		}
		if certificate := text(lookup(state, "kube_config.0.client_certificate")); certificate != "" {
			t.Errorf("the configuration of people who sign in has a certificate: %q", certificate)
		}
		if again := d.plan(typ, config, state, proposal(d.Block, config, state)); !equal(again, state) {
			t.Error("the second plan is not empty")
		}
	}
}

// sample is a configuration with one element of every required block and a value for every required attribute.
func sample(b *block) map[string]any {
	out := map[string]any{}
	for name, a := range b.Attributes {
		out[name] = nil
		if a.Required {
			out[name] = encodedZero(a)
		}
	}
	for name, nested := range b.Blocks {
		switch {
		case nested.Nesting == "single" || nested.Nesting == "group":
			out[name] = nil
		case nested.MinItems > 0:
			out[name] = []any{sample(nested.Block)}
		default:
			out[name] = []any{}
		}
	}
	return out
}

func encodedZero(a *attribute) any {
	for _, zero := range []any{"x", []any{}, map[string]any{}} {
		if v := shape(zero, a.typ); v != nil {
			return v
		}
	}
	for _, zero := range []any{"1", "true"} {
		if v := shape(zero, a.typ); v != nil {
			return v
		}
	}
	return nil
}

// proposal is what Terraform proposes where the configuration is unchanged.
func proposal(b *block, config, prior map[string]any) map[string]any {
	out := map[string]any{}
	for name, a := range b.Attributes {
		if out[name] = config[name]; out[name] == nil && a.Computed {
			out[name] = prior[name]
		}
	}
	for name, nested := range b.Blocks {
		elements, before := list(config[name]), list(prior[name])
		if elements == nil {
			out[name] = config[name]
			continue
		}
		proposed := make([]any, len(elements))
		for i := range elements {
			proposed[i] = proposal(nested.Block, object(elements[i]), object(before[i]))
		}
		out[name] = proposed
	}
	return out
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// What becomes smaller is replaced, what grows is not.
func TestSmallerIsReplaced(t *testing.T) {
	claim := func(storage string) map[string]any {
		requests := map[string]any{"storage": storage}
		return map[string]any{"spec": []any{map[string]any{"resources": []any{map[string]any{"requests": requests}}}}}
	}
	server := func(mb int64, version string) map[string]any {
		return map[string]any{"storage_mb": new(big.Float).SetInt64(mb), "version": version}
	}
	for _, c := range []struct {
		typ           string
		before, after map[string]any
		paths         int
	}{
		{"azurerm_postgresql_flexible_server", server(32768, "16"), server(65536, "17"), 0},
		{"azurerm_postgresql_flexible_server", server(65536, "16"), server(32768, "16"), 1},
		{"azurerm_postgresql_flexible_server", server(32768, "16"), server(32768, "9"), 1},
		{"kubernetes_persistent_volume_claim_v1", claim("100Gi"), claim("200Gi"), 0},
		{"kubernetes_persistent_volume_claim_v1", claim("1Ti"), claim("200Gi"), 1},
		{"kubernetes_persistent_volume_claim_v1", claim("1024Gi"), claim("1Ti"), 0},
		{"azurerm_mssql_server", server(65536, "16"), server(32768, "9"), 0},
	} {
		if got := shrunk(c.typ, c.before, c.after); len(got) != c.paths {
			t.Errorf("%s %v -> %v: %v", c.typ, c.before, c.after, got)
		}
	}
}
