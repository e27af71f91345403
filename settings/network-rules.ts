import { contains, type Ipv4Range, overlaps, parseCidr, parseIpv4 } from "./cidr";
import type { BrokenRule, Rule } from "./rule";
import { mostNodes, nodesDuringUpgrade } from "./capacity-rules";
import type { Settings } from "./schema";

type RangeField =
  "addressSpace" | "clusterSubnet" | "postgresqlSubnet" | "privateEndpointSubnet" | "podCidr" | "serviceCidr";
type Network = Settings["network"];

const SUBNETS = ["clusterSubnet", "postgresqlSubnet", "privateEndpointSubnet"] as const satisfies readonly RangeField[];

/** Azure keeps the first four addresses and the last one of every subnet ("Virtual network FAQ"). */
const RESERVED_ADDRESSES = 5;

/** AKS's service range has to be smaller than this ("Plan IP addressing for your cluster"). */
const TOO_LARGE_SERVICE_PREFIX = 12;

/** Azure CNI overlay gives each node a range of this size ("Azure CNI overlay networking"). */
const POD_PREFIX_OF_A_NODE = 24;

/** What Azure's networks and AKS keep for themselves ("Virtual network FAQ"; "Configure Azure CNI networking"). */
const RESERVED_BY_AZURE = ["127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "224.0.0.0/4"];
const RESERVED_BY_AKS = ["169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"];

function range(cidr: string): Ipv4Range {
  const parsed = parseCidr(cidr);
  if (!parsed) {
    throw new RangeError(`${cidr} passed the schema and is no range`);
  }
  return parsed;
}

function broken(network: Network, field: RangeField, allowed: string, remedy: string): BrokenRule {
  return { field: ["network", field], given: network[field], allowed, remedy };
}

const within =
  (field: (typeof SUBNETS)[number]): Rule =>
  ({ network }) =>
    contains(range(network.addressSpace), range(network[field]))
      ? []
      : [
          broken(
            network,
            field,
            `a range within network.addressSpace ${network.addressSpace}`,
            "move the subnet into the address space, or enlarge the address space",
          ),
        ];

const apart =
  (field: RangeField, other: RangeField, remedy: string): Rule =>
  ({ network }) =>
    overlaps(range(network[field]), range(network[other]))
      ? [broken(network, field, `a range that does not overlap network.${other} ${network[other]}`, remedy)]
      : [];

const unreserved =
  (field: RangeField, reserved: readonly string[]): Rule =>
  ({ network }) => {
    const hit = reserved.filter((one) => overlaps(range(network[field]), range(one)));
    return hit.length === 0
      ? []
      : [
          broken(
            network,
            field,
            `a range that does not overlap ${hit.join(", ")}`,
            "Azure keeps these ranges for itself: choose another range of 10.0.0.0/8, 172.16.0.0/13 or 192.168.0.0/16",
          ),
        ];
  };

const atLeast =
  (field: RangeField, prefix: number, remedy: string): Rule =>
  ({ network }) =>
    range(network[field]).prefix > prefix ? [broken(network, field, `a range of /${prefix} or larger`, remedy)] : [];

const addressSpaceOfAllowedSize: Rule = ({ network }) =>
  range(network.addressSpace).prefix < 8
    ? [broken(network, "addressSpace", "a range of /8 or smaller", "for example 10.0.0.0/16")]
    : [];

const serviceRangeOfAllowedSize: Rule = ({ network }) =>
  range(network.serviceCidr).prefix <= TOO_LARGE_SERVICE_PREFIX
    ? [
        broken(
          network,
          "serviceCidr",
          `a range smaller than /${TOO_LARGE_SERVICE_PREFIX}`,
          "AKS refuses a larger one: for example 172.16.0.0/16",
        ),
      ]
    : [];

/** The first address of the service range is the network's, the second the API server's. */
const dnsWithinServiceRange: Rule = ({ network }) => {
  const services = range(network.serviceCidr);
  const dns = parseIpv4(network.dnsServiceIp) ?? -1;
  return dns > services.first + 1 && dns < services.last
    ? []
    : [
        {
          field: ["network", "dnsServiceIp"],
          given: network.dnsServiceIp,
          allowed: `an address within network.serviceCidr ${network.serviceCidr}, neither its first two nor its last`,
          remedy: `for example ${network.serviceCidr.replace(/\.\d+\/\d+$/, ".10")}`,
        },
      ];
};

const roomForNodes: Rule = ({ network, cluster }) => {
  const nodes = range(network.clusterSubnet);
  const addresses = Math.max(nodes.last - nodes.first + 1 - RESERVED_ADDRESSES, 0);
  const wanted = nodesDuringUpgrade(cluster);
  return wanted <= addresses
    ? []
    : [
        broken(
          network,
          "clusterSubnet",
          `room for ${wanted} nodes (${mostNodes(cluster)}, and ${wanted - mostNodes(cluster)} more during an upgrade); the range has ${addresses} usable addresses`,
          "enlarge the subnet or lower cluster.nodes",
        ),
      ];
};

const roomForPods: Rule = ({ network, cluster }) => {
  const pods = range(network.podCidr);
  const nodes = pods.prefix > POD_PREFIX_OF_A_NODE ? 0 : 2 ** (POD_PREFIX_OF_A_NODE - pods.prefix);
  const wanted = nodesDuringUpgrade(cluster);
  return wanted <= nodes
    ? []
    : [
        broken(
          network,
          "podCidr",
          `a /${POD_PREFIX_OF_A_NODE} for each of ${wanted} nodes (${mostNodes(cluster)}, and ${wanted - mostNodes(cluster)} more during an upgrade); the range has ${nodes}`,
          "enlarge the range: for example 10.244.0.0/16",
        ),
      ];
};

const OTHER_RANGE =
  "Azure says ServiceCidrOverlapExistingSubnetsCidr after ten minutes: choose another range, for example 172.16.0.0/16";

export const networkRules: readonly Rule[] = [
  addressSpaceOfAllowedSize,
  unreserved("addressSpace", [...new Set([...RESERVED_BY_AZURE, ...RESERVED_BY_AKS])]),
  ...SUBNETS.map(within),
  apart("postgresqlSubnet", "clusterSubnet", "choose ranges beside each other"),
  apart("privateEndpointSubnet", "clusterSubnet", "choose ranges beside each other"),
  apart("privateEndpointSubnet", "postgresqlSubnet", "choose ranges beside each other"),
  roomForNodes,
  atLeast("postgresqlSubnet", 28, "PostgreSQL Flexible Server asks for 16 addresses: for example 10.0.16.0/24"),
  atLeast(
    "privateEndpointSubnet",
    28,
    "Azure keeps five addresses, and each private endpoint takes one: for example 10.0.17.0/24",
  ),
  apart("podCidr", "addressSpace", "pods lie outside of the network: for example 10.244.0.0/16"),
  unreserved("podCidr", RESERVED_BY_AKS),
  roomForPods,
  apart("serviceCidr", "addressSpace", OTHER_RANGE),
  apart("serviceCidr", "podCidr", "choose another range, for example 172.16.0.0/16"),
  unreserved("serviceCidr", RESERVED_BY_AKS),
  serviceRangeOfAllowedSize,
  dnsWithinServiceRange,
];
