package main

import (
	"strings"
	"testing"
)

func TestWhatIsChangedOneAtATime(t *testing.T) {
	association := map[string]any{"subnet_id": "/subnets/sql-subnet"}
	endpoint := func(name, subnet string) map[string]any {
		group := []any{map[string]any{"private_dns_zone_ids": []any{"/privateDnsZones/zone-of-" + name}}}
		return map[string]any{"name": name, "subnet_id": "/subnets/" + subnet, "private_dns_zone_group": group}
	}
	pool := []any{map[string]any{"vnet_subnet_id": "/subnets/aks-subnet"}}
	for _, c := range []struct {
		about     string
		typ       string
		subject   map[string]any
		otherType string
		other     map[string]any
		refused   string
	}{
		{"two endpoints of one subnet", "azurerm_private_endpoint", endpoint("a", "sql-subnet"), "azurerm_private_endpoint", endpoint("b", "sql-subnet"), ""},
		{"an endpoint beside the subnet's security group", "azurerm_subnet_network_security_group_association", association, "azurerm_private_endpoint", endpoint("a", "SQL-subnet"), "AnotherOperationInProgress"},
		{"the other way round", "azurerm_private_endpoint", endpoint("a", "sql-subnet"), "azurerm_subnet_network_security_group_association", association, "AnotherOperationInProgress"},
		{"an endpoint of another subnet", "azurerm_subnet_network_security_group_association", association, "azurerm_private_endpoint", endpoint("a", "other"), ""},
		{"a cluster beside its subnet's security group", "azurerm_kubernetes_cluster", map[string]any{"name": "c", "default_node_pool": pool}, "azurerm_subnet_network_security_group_association", map[string]any{"subnet_id": "/subnets/aks-subnet"}, "AnotherOperationInProgress"},
		{"an endpoint beside its zone's link", "azurerm_private_dns_zone_virtual_network_link", map[string]any{"name": "l", "private_dns_zone_name": "zone-of-a"}, "azurerm_private_endpoint", endpoint("a", "sql-subnet"), "AnotherOperationInProgress"},
		{"two databases of one server", "azurerm_postgresql_flexible_server_database", map[string]any{"name": "a", "server_id": "/s"}, "azurerm_postgresql_flexible_server_database", map[string]any{"name": "b", "server_id": "/s"}, "ServerIsBusy"},
		{"two credentials of one identity", "azurerm_federated_identity_credential", map[string]any{"name": "a", "parent_id": "/i"}, "azurerm_federated_identity_credential", map[string]any{"name": "b", "parent_id": "/i"}, "ConcurrentFederated"},
	} {
		b := &busy{}
		end, err := b.begin(c.typ, c.subject)
		if err != nil {
			t.Errorf("%s: the first one: %v", c.about, err)
		}
		endOther, err := b.begin(c.otherType, c.other)
		if (err == nil) != (c.refused == "") || err != nil && !strings.HasPrefix(err.Error(), c.refused) {
			t.Errorf("%s: %v", c.about, err)
		}
		endOther()
		end()
		if _, err := b.begin(c.otherType, c.other); err != nil {
			t.Errorf("%s: afterwards: %v", c.about, err)
		}
	}
}
