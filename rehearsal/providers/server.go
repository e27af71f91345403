package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type provider struct {
	name      string
	catalogue *catalogue
	stage     *stage
	mistake   error // in the REHEARSAL_* variables
	config    map[string]any
	arrivals  arrivals
	busy      busy
	stop      chan struct{}
	stopOnce  sync.Once
}

var _ tfprotov6.ProviderServer = (*provider)(nil)

func newProvider(name string, s *stage) (*provider, error) {
	c, err := loadCatalogue(name)
	if err != nil {
		return nil, err
	}
	return &provider{name: name, catalogue: c, stage: s, stop: make(chan struct{})}, nil
}

func (p *provider) setting(attribute, variable string) string {
	if value := text(p.config[attribute]); value != "" {
		return value
	}
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return "00000000-0000-4000-a000-000000000000"
}

// ---- schema and configuration

func (p *provider) capabilities() *tfprotov6.ServerCapabilities {
	return &tfprotov6.ServerCapabilities{PlanDestroy: true, GetProviderSchemaOptional: true}
}

// offered names the types that Terraform is told of. Of azurerm's 1,500 a stack uses thirty, and Terraform reads the schema
// of each in every command, which is a quarter of what a plan takes.
func (p *provider) offered(d *definitions) []string {
	return slices.DeleteFunc(d.names(), func(name string) bool { return p.stage.types != nil && !p.stage.types[name] })
}

func (p *provider) wires(d *definitions) map[string]*tfprotov6.Schema {
	out := map[string]*tfprotov6.Schema{}
	for _, name := range p.offered(d) {
		out[name] = d.get(name).wire
	}
	return out
}

func (p *provider) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	out := &tfprotov6.GetMetadataResponse{ServerCapabilities: p.capabilities()}
	for _, name := range p.offered(&p.catalogue.Resources) {
		out.Resources = append(out.Resources, tfprotov6.ResourceMetadata{TypeName: name})
	}
	for _, name := range p.offered(&p.catalogue.Data) {
		out.DataSources = append(out.DataSources, tfprotov6.DataSourceMetadata{TypeName: name})
	}
	for _, name := range p.offered(&p.catalogue.Ephemeral) {
		out.EphemeralResources = append(out.EphemeralResources, tfprotov6.EphemeralResourceMetadata{TypeName: name})
	}
	for _, name := range sortedKeys(p.catalogue.Functions) {
		out.Functions = append(out.Functions, tfprotov6.FunctionMetadata{Name: name})
	}
	return out, nil
}

func (p *provider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	out := &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities: p.capabilities(),
		Provider:           p.catalogue.Provider.wire,
		ResourceSchemas:    p.wires(&p.catalogue.Resources), DataSourceSchemas: p.wires(&p.catalogue.Data),
		EphemeralResourceSchemas: p.wires(&p.catalogue.Ephemeral),
		Functions:                map[string]*tfprotov6.Function{},
	}
	for name, f := range p.catalogue.Functions {
		wire, err := f.wire()
		if err != nil {
			return nil, err
		}
		out.Functions[name] = wire
	}
	return out, nil
}

func (p *provider) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

func (p *provider) ValidateProviderConfig(_ context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	out := &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: r.Config, Diagnostics: p.validate(p.catalogue.Provider, r.Config)}
	if p.mistake != nil {
		out.Diagnostics = append(out.Diagnostics, failed("The rehearsal cannot understand its environment", p.mistake.Error())...)
	}
	return out, nil
}

func (p *provider) ConfigureProvider(_ context.Context, r *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	out := &tfprotov6.ConfigureProviderResponse{}
	if p.mistake != nil { // the apply of a saved plan validates nothing
		out.Diagnostics = failed("The rehearsal cannot understand its environment", p.mistake.Error())
		return out, nil
	}
	config, err := p.catalogue.Provider.read(r.Config)
	if err != nil {
		return nil, err
	}
	p.config = config
	err = p.stage.write(entry{Started: time.Now(), Ended: time.Now(), Provider: p.name, Action: "configure", Config: plain(config)})
	if err != nil {
		out.Diagnostics = failed("Cannot write to REHEARSAL_DIR", err.Error())
	}
	return out, nil
}

func (p *provider) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	p.stopOnce.Do(func() { close(p.stop) })
	return &tfprotov6.StopProviderResponse{}, nil
}

func (p *provider) validate(d *definition, value *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
	config, err := d.read(value)
	if err != nil {
		return failed("Unreadable configuration", err.Error())
	}
	var out []*tfprotov6.Diagnostic
	problems := violations(d.Block, config, config, "")
	slices.Sort(problems)
	for _, problem := range slices.Compact(problems) {
		out = append(out, failed("Invalid combination of arguments", problem)...)
	}
	return out
}

// ---- managed resources

func (p *provider) ValidateResourceConfig(_ context.Context, r *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{Diagnostics: p.validate(p.catalogue.Resources.get(r.TypeName), r.Config)}, nil
}

func (p *provider) UpgradeResourceState(_ context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	d := p.catalogue.Resources.get(r.TypeName)
	value, err := r.RawState.UnmarshalWithOpts(d.typ, tfprotov6.UnmarshalOpts{
		ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true},
	})
	if err != nil {
		return nil, err
	}
	state, err := tfprotov6.NewDynamicValue(d.typ, value)
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &state}, err
}

func (p *provider) UpgradeResourceIdentity(context.Context, *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return &tfprotov6.UpgradeResourceIdentityResponse{}, nil
}

// ReadResource finds everything as it was left: nothing changes behind Terraform's back in a rehearsal.
func (p *provider) ReadResource(_ context.Context, r *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: r.CurrentState, Private: r.Private}, nil
}

func (p *provider) PlanResourceChange(_ context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	d := p.catalogue.Resources.get(r.TypeName)
	config, prior, proposed, err := d.readThree(r.Config, r.PriorState, r.ProposedNewState)
	if err != nil {
		return nil, err
	}
	out := &tfprotov6.PlanResourceChangeResponse{UnsafeToUseLegacyTypeSystem: d.Legacy, PlannedPrivate: r.PriorPrivate}
	if proposed == nil {
		out.PlannedState = r.ProposedNewState
		return out, nil
	}
	planned := d.plan(r.TypeName, config, prior, proposed)
	if prior != nil {
		out.RequiresReplace = append(replacements(d.Block, prior, planned, tftypes.NewAttributePath()), shrunk(r.TypeName, prior, planned)...)
	}
	out.PlannedState, err = d.write(planned)
	return out, err
}

func (p *provider) ApplyResourceChange(ctx context.Context, r *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	d := p.catalogue.Resources.get(r.TypeName)
	config, prior, planned, err := d.readThree(r.Config, r.PriorState, r.PlannedState)
	if err != nil {
		return nil, err
	}
	out := &tfprotov6.ApplyResourceChangeResponse{
		UnsafeToUseLegacyTypeSystem: d.Legacy, Private: r.PlannedPrivate, NewState: r.PriorState,
	}
	action, subject := "update", planned
	switch {
	case prior == nil:
		action = "create"
	case planned == nil:
		action, subject, config = "delete", prior, prior
	}
	e := entry{Started: time.Now(), Provider: p.name, Type: r.TypeName, Action: action}
	e.Seconds = tables.secondsFor(r.TypeName, text(subject["name"]), action) + sleepSeconds(r.TypeName, action, subject)
	if action == "update" {
		config = p.withoutUnsent(d.Block, config, prior, planned)
		p.renew(r.TypeName, d.Block, prior, planned)
	}
	if action != "delete" {
		p.complete(r.TypeName, d.Block, subject)
		p.finish(r.TypeName, subject)
	}
	assigned, problem := p.assign(r.TypeName, action, subject)
	defer assigned()
	if problem == nil {
		var end func()
		end, problem = p.busy.begin(r.TypeName, subject)
		defer end()
	}
	if problem == nil {
		problem = p.stage.wait(ctx, p.stop, e.Seconds)
	}
	e.ID, e.Config = text(subject["id"]), plain(config)

	made, known := true, true // in the cloud, and in Terraform's state
	if problem == nil && action != "delete" {
		if problem = p.obstacle(r.TypeName, action, subject); problem == nil {
			problem = valueTooLong(r.TypeName, config)
		}
	}
	if problem == nil {
		var seconds float64
		seconds, problem = p.inNamespace(r.TypeName, action, subject)
		e.Seconds += seconds
	}
	if problem != nil {
		made, known = false, false
	} else { // a turn is used up only by an action that would have succeeded
		fault, yes, err := p.stage.fail(r.TypeName, action, key(r.TypeName, subject), subject)
		if problem = err; yes {
			problem = fmt.Errorf("REHEARSAL_FAIL: %s of %s %s fails as asked for", action, r.TypeName, e.ID)
			made, known = fault.taint || fault.interrupted, fault.taint || fault.interrupted && p.keepsID(r.TypeName)
		} else if err != nil {
			made, known = false, false
		}
		e.AskedFor = yes
	}
	if made {
		if problem2 := p.remember(d.Block, action, r.TypeName, subject, config); problem2 != nil {
			problem = problem2
		}
	}
	if known {
		if out.NewState, err = d.write(planned); err != nil {
			return nil, err
		}
	}
	if problem != nil {
		e.Error = problem.Error()
		out.Diagnostics = failed(fmt.Sprintf("%s: %s failed", r.TypeName, action), e.Error)
	}
	e.Ended = time.Now()
	if err := p.stage.write(e); err != nil {
		out.Diagnostics = append(out.Diagnostics, failed("Cannot write to REHEARSAL_DIR", err.Error())...)
	}
	return out, nil
}

// renew forgets what the cloud makes anew on an update (tables/updates.txt), so that complete fills it again.
func (p *provider) renew(typ string, b *block, prior, planned map[string]any) {
	for _, u := range tables.updates {
		if u.inPlan || !u.hits(typ, prior, planned) {
			continue
		}
		for _, name := range u.attributes {
			parent, leaf := any(planned), name
			if i := strings.LastIndex(name, "."); i >= 0 {
				parent, leaf = lookup(planned, name[:i]), name[i+1:]
			}
			if l := list(parent); len(l) > 0 {
				parent = l[0]
			}
			if m := object(parent); m != nil {
				m[leaf] = unknown{}
			}
		}
	}
}

// withoutUnsent drops the write-only values that the real provider would not send on this update, because the revision
// beside them has not changed.
func (p *provider) withoutUnsent(b *block, config, prior, planned map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range config {
		out[name] = value
		a := b.Attributes[name]
		if a == nil || !a.WriteOnly {
			continue
		}
		for _, suffix := range []string{"_version", "_revision"} {
			if revision := name + suffix; b.Attributes[revision] != nil && equal(prior[revision], planned[revision]) {
				delete(out, name)
			}
		}
	}
	return out
}

// remember keeps the object in the made-up cloud, with the write-only values that reached it.
func (p *provider) remember(b *block, action, typ string, subject, config map[string]any) error {
	id := key(typ, subject)
	if action == "delete" {
		return p.stage.remove(typ, id)
	}
	t := &thing{Type: typ, ID: id, Attributes: object(plain(subject)), WriteOnly: map[string]any{}}
	if before := p.stage.load(typ, id); before != nil && action == "update" {
		t.WriteOnly = before.WriteOnly
	}
	for name, a := range b.Attributes {
		if a.WriteOnly && config[name] != nil {
			t.WriteOnly[name] = plain(config[name])
		}
	}
	return p.stage.save(t)
}

func (p *provider) ImportResourceState(_ context.Context, r *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	d := p.catalogue.Resources.get(r.TypeName)
	state, _ := shape(map[string]any{}, d.typ).(map[string]any)
	for name := range d.Block.Blocks {
		if _, isList := d.typ.(tftypes.Object).AttributeTypes[name].(tftypes.Object); !isList {
			state[name] = []any{}
		}
	}
	if t := p.stage.load(r.TypeName, r.ID); t != nil {
		for name, value := range t.Attributes {
			state[name] = shape(value, d.typ.(tftypes.Object).AttributeTypes[name])
		}
	}
	if _, has := d.Block.Attributes["id"]; has {
		state["id"] = r.ID
	}
	value, err := d.write(state)
	return &tfprotov6.ImportResourceStateResponse{
		ImportedResources: []*tfprotov6.ImportedResource{{TypeName: r.TypeName, State: value}},
	}, err
}

func (p *provider) MoveResourceState(_ context.Context, r *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	return &tfprotov6.MoveResourceStateResponse{
		Diagnostics: failed("Not rehearsed", "A move from "+r.SourceTypeName+" to "+r.TargetTypeName+" is not played."),
	}, nil
}

// ---- data sources, ephemeral resources, functions

func (p *provider) ValidateDataResourceConfig(_ context.Context, r *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{Diagnostics: p.validate(p.catalogue.Data.get(r.TypeName), r.Config)}, nil
}

func (p *provider) ReadDataSource(_ context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	d := p.catalogue.Data.get(r.TypeName)
	config, err := d.read(r.Config)
	if err != nil {
		return nil, err
	}
	e := entry{Started: time.Now(), Provider: p.name, Type: r.TypeName, Action: "read", Config: plain(config)}
	result := markUnknown(d.Block, nil, settle(d.Block, config, nil, config))
	problem := p.observe(r.TypeName, d, result)
	out := &tfprotov6.ReadDataSourceResponse{}
	if problem == nil {
		p.complete(r.TypeName, d.Block, result)
		p.finish(r.TypeName, result)
		if out.State, err = d.write(result); err != nil {
			return nil, err
		}
	}
	out.Diagnostics = p.conclude(e, text(result["id"]), problem)
	return out, nil
}

// observe copies what is known of the object that a data source looks up.
func (p *provider) observe(typ string, d *definition, result map[string]any) error {
	if typ == claimType {
		p.observeClaim(d, result)
		return nil
	}
	template := idTemplate(typ, d.Block)
	if template == "" || !p.catalogue.Resources.has(typ) {
		return nil
	}
	m := &maker{provider: p, typ: typ, block: d.Block, root: result}
	id, ok := m.expand(template)
	if byName := key(typ, result); byName != "" {
		id, ok = byName, true
	}
	if !ok {
		return nil
	}
	if t := p.stage.load(typ, id); t != nil {
		attributes := d.typ.(tftypes.Object).AttributeTypes
		for name, value := range t.Attributes {
			if attributeType, has := attributes[name]; has && (isUnknown(result[name]) || name == "id" && result[name] == nil) {
				if v := shape(value, attributeType); v != nil {
					result[name] = v
				}
			}
		}
		if secret := secretValue(t); typ == "azurerm_key_vault_secret" && secret != "" {
			result["value"] = secret
		}
		return nil
	}
	if p.stage.strict && !p.stage.exists(typ, id, lastName(id)) {
		return fmt.Errorf("%s %s was not found (nothing made it in this rehearsal)", typ, id)
	}
	return nil
}

func (p *provider) ValidateEphemeralResourceConfig(_ context.Context, r *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	return &tfprotov6.ValidateEphemeralResourceConfigResponse{Diagnostics: p.validate(p.catalogue.Ephemeral.get(r.TypeName), r.Config)}, nil
}

func (p *provider) OpenEphemeralResource(_ context.Context, r *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	d := p.catalogue.Ephemeral.get(r.TypeName)
	config, err := d.read(r.Config)
	if err != nil {
		return nil, err
	}
	e := entry{Started: time.Now(), Provider: p.name, Type: r.TypeName, Action: "open", Config: plain(config)}
	result := markUnknown(d.Block, nil, settle(d.Block, config, nil, config))
	problem := p.open(r.TypeName, result)
	if problem == nil {
		_, yes, err := p.stage.fail(r.TypeName, "open", key(r.TypeName, result), result)
		if problem = err; yes {
			problem = fmt.Errorf("REHEARSAL_FAIL: open of %s %s fails as asked for", r.TypeName, text(result["name"]))
		}
		e.AskedFor = yes
	}
	out := &tfprotov6.OpenEphemeralResourceResponse{}
	if problem == nil {
		p.complete(r.TypeName, d.Block, result)
		if out.Result, err = d.write(result); err != nil {
			return nil, err
		}
	}
	out.Diagnostics = p.conclude(e, "", problem)
	return out, nil
}

func (p *provider) RenewEphemeralResource(context.Context, *tfprotov6.RenewEphemeralResourceRequest) (*tfprotov6.RenewEphemeralResourceResponse, error) {
	return &tfprotov6.RenewEphemeralResourceResponse{}, nil
}

func (p *provider) CloseEphemeralResource(context.Context, *tfprotov6.CloseEphemeralResourceRequest) (*tfprotov6.CloseEphemeralResourceResponse, error) {
	return &tfprotov6.CloseEphemeralResourceResponse{}, nil
}

func (p *provider) GetFunctions(context.Context, *tfprotov6.GetFunctionsRequest) (*tfprotov6.GetFunctionsResponse, error) {
	schema, err := p.GetProviderSchema(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	return &tfprotov6.GetFunctionsResponse{Functions: schema.Functions}, nil
}

func (p *provider) CallFunction(_ context.Context, r *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return &tfprotov6.CallFunctionResponse{
		Error: &tfprotov6.FunctionError{Text: "provider::" + p.name + "::" + r.Name + " is not rehearsed"},
	}, nil
}

// conclude writes the journal entry of a read or open, and turns a problem into a diagnostic.
func (p *provider) conclude(e entry, id string, problem error) []*tfprotov6.Diagnostic {
	var out []*tfprotov6.Diagnostic
	if e.ID = id; problem != nil {
		e.Error = problem.Error()
		out = failed(fmt.Sprintf("%s: %s failed", e.Type, e.Action), e.Error)
	}
	e.Ended = time.Now()
	if err := p.stage.write(e); err != nil {
		out = append(out, failed("Cannot write to REHEARSAL_DIR", err.Error())...)
	}
	return out
}

// ---- wire values

func (d *definition) read(value *tfprotov6.DynamicValue) (map[string]any, error) {
	if value == nil {
		return nil, nil
	}
	v, err := value.Unmarshal(d.typ)
	if err != nil {
		return nil, err
	}
	decoded, err := decode(v, d.typ)
	return object(decoded), err
}

func (d *definition) readThree(config, prior, next *tfprotov6.DynamicValue) (c, p, n map[string]any, err error) {
	if c, err = d.read(config); err == nil {
		if p, err = d.read(prior); err == nil {
			n, err = d.read(next)
		}
	}
	return c, p, n, err
}

func (d *definition) write(value map[string]any) (*tfprotov6.DynamicValue, error) {
	tree := any(value)
	if value == nil {
		tree = nil
	}
	out, err := tfprotov6.NewDynamicValue(d.typ, encode(tree, d.typ))
	return &out, err
}

func failed(summary, detail string) []*tfprotov6.Diagnostic {
	return []*tfprotov6.Diagnostic{{Severity: tfprotov6.DiagnosticSeverityError, Summary: summary, Detail: detail}}
}
