import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  differences,
  type Fields,
  KINDS,
  ManifestError,
  manifestOf,
  nameOf,
  type PlannedObject,
  podTemplate,
} from "./manifests";

interface Block {
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly block_types?: Readonly<Record<string, { readonly max_items?: number; readonly block: Block }>>;
}

/** The provider's own schema, as recorded for the rehearsal. */
const SCHEMAS = (
  JSON.parse(
    gunzipSync(
      readFileSync(join(__dirname, "..", "..", "rehearsal", "providers", "schemas", "kubernetes.json.gz")),
    ).toString(),
  ) as {
    readonly resource_schemas: Readonly<Record<string, { readonly block: Block }>>;
  }
).resource_schemas;

/** The provider lets it occur more than once, and sends the first. */
const ONCE_IN_THE_API = /_probe\.tcp_socket$/;

function planned(
  type: string,
  values: Readonly<Record<string, unknown>>,
  writeOnly?: Readonly<Record<string, unknown>>,
): PlannedObject {
  return {
    address: `${type}.It`,
    type,
    values: { metadata: [{ name: "it", namespace: "there" }], ...values },
    writeOnly,
  };
}

function job(spec: Readonly<Record<string, unknown>>): PlannedObject {
  return planned("kubernetes_job_v1", { spec: [{ template: [{ metadata: [], spec: [spec] }] }] });
}

describe("the tables", () => {
  it.each(Object.keys(KINDS))(
    "name only what the provider's schema of %s has, each block as often as it may occur",
    (type) => {
      const schema = SCHEMAS[type];
      const complaints = (fields: Fields, block: Block, path: string): readonly string[] =>
        Object.entries(fields).flatMap(([name, { block: table }]) => {
          const here = `${path}.${name}`;
          const nested = block.block_types?.[name];
          if (table === undefined) {
            // Some blocks are for the provider alone, such as timeouts.
            return block.attributes?.[name] !== undefined ||
              (nested !== undefined && fields[name]?.to === undefined) ||
              name === "timeouts"
              ? []
              : [`${here}: there is no such argument`];
          }
          if (nested === undefined) {
            return [`${here}: there is no such block`];
          }
          const once = nested.max_items === 1 || ONCE_IN_THE_API.test(here);
          const wrong =
            table.many === once ? [`${here}: ${table.many ? "may occur once only" : "may occur more than once"}`] : [];
          return [...wrong, ...complaints(table.fields, nested.block, here)];
        });
      expect(
        schema === undefined ? ["no such type"] : complaints(KINDS[type]?.fields ?? {}, schema.block, type),
      ).toEqual([]);
    },
  );
});

describe("manifestOf", () => {
  it("turns blocks and names into the API's", () => {
    expect(
      manifestOf(
        planned("kubernetes_network_policy_v1", {
          id: "there/it",
          spec: [
            {
              pod_selector: [{}],
              policy_types: ["Egress"],
              egress: [
                {
                  to: [{ pod_selector: [{ match_labels: { a_b: "c" } }] }],
                  ports: [
                    { port: "53", protocol: "UDP" },
                    { port: "dns", protocol: "" },
                  ],
                },
              ],
              ingress: [],
            },
          ],
        }),
      ),
    ).toEqual({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "it", namespace: "there" },
      spec: {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [
          {
            to: [{ podSelector: { matchLabels: { a_b: "c" } } }],
            ports: [{ port: 53, protocol: "UDP" }, { port: "dns" }],
          },
        ],
      },
    });
  });

  it("leaves out what is null, empty, or for the provider alone", () => {
    expect(
      manifestOf(
        planned("kubernetes_persistent_volume_claim_v1", {
          metadata: [{ name: "it", namespace: "there", labels: null, annotations: null, generation: 1, uid: "u" }],
          wait_until_bound: true,
          timeouts: { create: "10m" },
          spec: [
            {
              access_modes: ["ReadWriteMany"],
              selector: [],
              storage_class_name: "",
              resources: [{ limits: null, requests: { storage: "5Gi" } }],
            },
          ],
        }),
      ),
    ).toEqual({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "it", namespace: "there" },
      spec: { accessModes: ["ReadWriteMany"], resources: { requests: { storage: "5Gi" } } },
    });
  });

  it("keeps false and 0", () => {
    expect(
      podTemplate(manifestOf(job({ automount_service_account_token: false, termination_grace_period_seconds: 0 }))),
    ).toEqual({ spec: { automountServiceAccountToken: false, terminationGracePeriodSeconds: 0 } });
  });

  it("makes numbers of what the provider has as text", () => {
    const volume = [{ name: "v", config_map: [{ name: "c", default_mode: "0644" }] }];
    const probe = [{ tcp_socket: [{ port: "8000" }] }];
    expect(
      podTemplate(
        manifestOf(
          job({
            security_context: [{ run_as_user: "50000", run_as_non_root: true }],
            volume,
            container: [{ name: "c", startup_probe: probe }],
          }),
        ),
      ),
    ).toEqual({
      spec: {
        securityContext: { runAsUser: 50000, runAsNonRoot: true },
        volumes: [{ name: "v", configMap: { name: "c", defaultMode: 0o644 } }],
        containers: [{ name: "c", startupProbe: { tcpSocket: { port: 8000 } } }],
      },
    });
    expect(() => manifestOf(job({ security_context: [{ run_as_user: "me" }] }))).toThrow(
      'kubernetes_job_v1.It.spec.template.spec.security_context.run_as_user: "me" is not a number',
    );
    expect(() => manifestOf(job({ volume: [{ name: "v", config_map: [{ default_mode: "0888" }] }] }))).toThrow(
      "is not an octal file mode",
    );
  });

  it("says runAsNonRoot: false where it is not set, as the provider does", () => {
    expect(
      podTemplate(
        manifestOf(
          job({
            security_context: [{ run_as_non_root: true }],
            container: [{ name: "c", security_context: [{ run_as_non_root: null }] }, { name: "d" }],
          }),
        ),
      ),
    ).toEqual({
      spec: {
        securityContext: { runAsNonRoot: true },
        containers: [{ name: "c", securityContext: { runAsNonRoot: false } }, { name: "d" }],
      },
    });
  });

  it("does not send a deadline of 0 for starting a CronJob", () => {
    const cron = (seconds: number) =>
      manifestOf(
        planned("kubernetes_cron_job_v1", {
          spec: [{ schedule: "@yearly", starting_deadline_seconds: seconds, suspend: true }],
        }),
      ).spec;
    expect(cron(0)).toEqual({ schedule: "@yearly", suspend: true });
    expect(cron(9)).toEqual({ schedule: "@yearly", suspend: true, startingDeadlineSeconds: 9 });
  });

  it("puts write-only data into a Secret, and refuses one without", () => {
    const type = "kubernetes_secret_v1";
    expect(
      manifestOf(planned(type, { type: "Opaque", data_wo: null, data_wo_revision: 3 }, { data_wo: { key: `"é` } }))
        .data,
    ).toEqual({ key: Buffer.from(`"é`).toString("base64") });
    expect(() => manifestOf(planned(type, { type: "Opaque", data_wo_revision: 3 }))).toThrow(
      "kubernetes_secret_v1.It: has no data",
    );
  });

  it("names the service account that every namespace has", () => {
    expect(
      manifestOf(
        planned("kubernetes_default_service_account_v1", {
          metadata: [{ namespace: "there" }],
          image_pull_secret: [{ name: "s" }],
        }),
      ),
    ).toEqual({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: "there" },
      imagePullSecrets: [{ name: "s" }],
    });
  });

  it.each([
    ["an argument", job({ host_users: true }), "kubernetes_job_v1.It.spec.template.spec.host_users: is set to true"],
    [
      "a block in a list",
      job({ container: [{ name: "c" }, { name: "d", lifecycle: [{ pre_stop: [] }] }] }),
      "kubernetes_job_v1.It.spec.template.spec.container[1].lifecycle: is set to",
    ],
    ["a type", planned("kubernetes_pod_v1", {}), "does not know the type kubernetes_pod_v1"],
  ])("refuses %s that it does not know, by name", (_, object, message) => {
    expect(() => manifestOf(object)).toThrow(ManifestError);
    expect(() => manifestOf(object)).toThrow(message);
  });

  it("refuses an object without a name", () => {
    expect(() => manifestOf({ address: "a.b", type: "kubernetes_namespace_v1", values: { metadata: [{}] } })).toThrow(
      "a.b: has no name",
    );
  });
});

describe("nameOf", () => {
  it("is what kubectl takes", () => {
    expect(nameOf(manifestOf(planned("kubernetes_config_map_v1", { data: { a: "b" } })))).toBe("configmap/it");
  });
});

describe("differences", () => {
  it("finds what was changed, lost, or added to a list", () => {
    expect(
      differences({ a: 1, b: { c: "1024Mi" }, d: ["x"], e: "gone" }, { a: 1, b: { c: "1Gi" }, d: ["x", "y"] }),
    ).toEqual([
      `b.c: "1024Mi" was sent, "1Gi" is kept`,
      "d: 1 elements were sent, 2 are kept",
      `e: "gone" was sent, undefined is kept`,
    ]);
  });

  it("does not mind what the server adds, or leaves out because it is nothing", () => {
    expect(differences({ a: false, b: 0, c: "", d: { e: [] } }, { added: true })).toEqual([]);
    expect(differences({ a: false }, { a: true })).toEqual(["a: false was sent, true is kept"]);
  });
});
