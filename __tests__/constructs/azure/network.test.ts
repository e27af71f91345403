import { Network } from "../../../constructs/azure/network";
import { LinkedDnsZone, PrivateAccess } from "../../../constructs/azure/private-access";
import { at } from "../../helpers/json";
import { NETWORK, PLACEMENT, TAGS } from "../../helpers/placement";
import { type SynthesizedStack, synthesizeInStack } from "../../helpers/synthesized";

describe("Network", () => {
  let stack: SynthesizedStack;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      new Network(scope, "Network", NETWORK);
      new Network(scope, "WithRule", { ...NETWORK, name: "other-vnet", sqlServiceEndpoint: true });
    });
  });
  const rules = (path: string) =>
    (stack.resource("azurerm_network_security_group", path).security_rule ?? []) as readonly Record<string, unknown>[];

  test("two networks stand beside each other", () => {
    expect(
      stack
        .all("azurerm_virtual_network")
        .map(({ attributes }) => attributes.name)
        .sort(),
    ).toEqual(["other-vnet", "test-vnet"]);
    expect(stack.all("azurerm_subnet")).toHaveLength(6);
  });

  test("has its place and its tags", () => {
    expect(stack.resource("azurerm_virtual_network", "Network/VirtualNetwork")).toEqual({
      name: "test-vnet",
      address_space: ["10.0.0.0/16"],
      location: "westus2",
      resource_group_name: "test-rg",
      tags: TAGS,
    });
  });

  test.each([
    ["Network/ClusterSubnet", "aks-subnet", "10.0.0.0/20"],
    ["Network/PostgresqlSubnet", "pg-subnet", "10.0.16.0/24"],
    ["Network/PrivateEndpointsSubnet", "sql-subnet", "10.0.17.0/24"],
  ])("%s is the walkthrough's %s", (path, name, range) => {
    expect(stack.resource("azurerm_subnet", path)).toMatchObject({
      name,
      address_prefixes: [range],
      virtual_network_name: stack.reference("azurerm_virtual_network", "Network/VirtualNetwork", "name"),
    });
  });

  test("no subnet has Azure's default way out", () => {
    expect(
      stack
        .all("azurerm_subnet")
        .filter(({ attributes }) => attributes.default_outbound_access_enabled !== false)
        .map(({ id }) => id),
    ).toEqual([]);
  });

  test("PostgreSQL's subnet has the endpoint that Azure adds by itself", () => {
    expect(stack.resource("azurerm_subnet", "Network/PostgresqlSubnet").service_endpoints).toEqual([
      "Microsoft.Storage",
    ]);
  });

  test("PostgreSQL's subnet is delegated, with the action that Azure reads back", () => {
    expect(stack.resource("azurerm_subnet", "Network/PostgresqlSubnet").delegation).toEqual([
      {
        name: "flexible-server",
        service_delegation: {
          name: "Microsoft.DBforPostgreSQL/flexibleServers",
          actions: ["Microsoft.Network/virtualNetworks/subnets/join/action"],
        },
      },
    ]);
  });

  test("the nodes' subnet has no service endpoint by default", () => {
    expect(stack.resource("azurerm_subnet", "Network/ClusterSubnet")).not.toHaveProperty("service_endpoints");
  });

  test("the nodes' subnet has the endpoint of Azure SQL when a rule asks for it", () => {
    expect(stack.resource("azurerm_subnet", "WithRule/ClusterSubnet").service_endpoints).toEqual(["Microsoft.Sql"]);
  });

  test("security groups hold for private endpoints", () => {
    expect(stack.resource("azurerm_subnet", "Network/PrivateEndpointsSubnet").private_endpoint_network_policies).toBe(
      "NetworkSecurityGroupEnabled",
    );
  });

  test.each(["Cluster", "Postgresql", "PrivateEndpoints"])("the subnet %s has its own security group", (id) => {
    expect(
      stack.resource("azurerm_subnet_network_security_group_association", `Network/${id}SecurityGroupAssociation`),
    ).toEqual({
      subnet_id: stack.reference("azurerm_subnet", `Network/${id}Subnet`, "id"),
      network_security_group_id: stack.reference("azurerm_network_security_group", `Network/${id}SecurityGroup`, "id"),
    });
  });

  test.each([
    ["Postgresql", "10.0.16.0/24", ["5432", "6432"]],
    ["PrivateEndpoints", "10.0.17.0/24", ["1433", "2049"]],
  ])("%s: the nodes come in by their ports only", (id, to, ports) => {
    expect(rules(`Network/${id}SecurityGroup`).find(({ name }) => name === "AllowCluster")).toMatchObject({
      direction: "Inbound",
      access: "Allow",
      protocol: "Tcp",
      source_address_prefix: "10.0.0.0/20",
      destination_address_prefix: to,
      destination_port_ranges: ports,
    });
  });

  test("a standby in PostgreSQL's subnet can replicate", () => {
    expect(rules("Network/PostgresqlSecurityGroup").find(({ name }) => name === "AllowReplication")).toMatchObject({
      source_address_prefix: "10.0.16.0/24",
      destination_address_prefix: "10.0.16.0/24",
    });
  });

  test.each(["Postgresql", "PrivateEndpoints"])(
    "%s: the rest of the network is refused, before Azure's own rules and after ours",
    (id) => {
      const [last, ...others] = [...rules(`Network/${id}SecurityGroup`)].sort(
        (a, b) => Number(b.priority) - Number(a.priority),
      );
      expect(last).toMatchObject({
        name: "DenyNetwork",
        access: "Deny",
        protocol: "*",
        source_address_prefix: "VirtualNetwork",
        destination_port_range: "*",
      });
      expect(Number(last?.priority)).toBeLessThan(65_000);
      expect(others.map(({ access }) => access)).not.toContain("Deny");
    },
  );

  test("no rule lets anything in from outside of the network", () => {
    const open = stack
      .all("azurerm_network_security_group")
      .flatMap(({ id, attributes }) =>
        ((attributes.security_rule ?? []) as readonly Record<string, unknown>[])
          .filter(
            (rule) =>
              rule.access === "Allow" && ["*", "Internet", "0.0.0.0/0"].includes(String(rule.source_address_prefix)),
          )
          .map((rule) => `${id} ${String(rule.name)}`),
      );
    expect(open).toEqual([]);
  });
});

describe("PrivateAccess", () => {
  let stack: SynthesizedStack;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      const network = new Network(scope, "Network", NETWORK);
      for (const [id, targetName] of [
        ["Sql", "sql-server"],
        ["File", "files"],
      ] as const) {
        new PrivateAccess(scope, id, {
          placement: PLACEMENT,
          virtualNetworkId: "vnet-id",
          subnet: network.privateEndpointSubnet,
          targetName,
          targetId: `${targetName}-id`,
          groupId: "sqlServer",
          dnsZoneName: `privatelink.${targetName}`,
        });
      }
    });
  });

  test("connects the subnet to the resource without an approval", () => {
    expect(stack.resource("azurerm_private_endpoint", "Sql/Endpoint")).toMatchObject({
      name: "sql-server-pe",
      subnet_id: stack.reference("azurerm_subnet", "Network/PrivateEndpointsSubnet", "id"),
      private_service_connection: {
        name: "sql-server-pe",
        private_connection_resource_id: "sql-server-id",
        is_manual_connection: false,
        subresource_names: ["sqlServer"],
      },
    });
  });

  test("has its record written by a zone group, as its address is not there yet", () => {
    expect(
      at(stack.resource("azurerm_private_endpoint", "Sql/Endpoint"), "private_dns_zone_group.private_dns_zone_ids"),
    ).toEqual([stack.reference("azurerm_private_dns_zone", "Sql/DnsZone/Zone", "id")]);
    expect(stack.all("azurerm_private_dns_a_record")).toEqual([]);
  });

  test("two endpoints have two zones", () => {
    expect(
      stack
        .all("azurerm_private_dns_zone")
        .map(({ attributes }) => attributes.name)
        .sort(),
    ).toEqual(["privatelink.files", "privatelink.sql-server"]);
  });
});

test("a linked zone is resolved by the network and registers nothing in it", () => {
  const stack = synthesizeInStack((scope) => {
    new LinkedDnsZone(scope, "One", { placement: PLACEMENT, name: "one.example", virtualNetworkId: "vnet-id" });
    new LinkedDnsZone(scope, "Two", { placement: PLACEMENT, name: "two.example", virtualNetworkId: "vnet-id" });
  });
  expect(stack.resource("azurerm_private_dns_zone_virtual_network_link", "One/Link")).toEqual({
    name: "virtual-network",
    private_dns_zone_name: stack.reference("azurerm_private_dns_zone", "One/Zone", "name"),
    virtual_network_id: "vnet-id",
    resource_group_name: "test-rg",
    tags: TAGS,
  });
  expect(stack.all("azurerm_private_dns_zone")).toHaveLength(2);
});
