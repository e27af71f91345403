import type { JsonObject, Manifest } from "./manifests";
import {
  asPod,
  behaving,
  condition,
  contradictions,
  deadlineBefore,
  inNamespace,
  renamed,
  seconds,
  secretsInEnvironment,
  unnamed,
  withoutSecret,
  withRevision,
  withValue,
} from "./trials";

const TOKEN = { name: "TOKEN", valueFrom: { secretKeyRef: { name: "git", key: "TOKEN" } } };
const OTHER = { name: "OTHER", valueFrom: { secretKeyRef: { name: "database", key: "USER" } } };

function job(pod: JsonObject = {}, container: JsonObject = {}): Manifest {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "it", namespace: "there" },
    spec: {
      activeDeadlineSeconds: 1200,
      template: {
        metadata: { labels: { a: "b" } },
        spec: {
          ...pod,
          containers: [{ name: "c", env: [TOKEN, OTHER, { name: "REVISION", value: "1" }], ...container }],
        },
      },
    },
  };
}

describe("changed copies", () => {
  it("leave the original alone", () => {
    const original = job();
    const before = JSON.stringify(original);
    behaving(original, "x", "hang");
    withoutSecret(original, "x", "missing");
    withRevision(original, "2");
    expect(JSON.stringify(original)).toBe(before);
  });

  it("behave as told, under another name", () => {
    expect(behaving(job(), "exit2", "exit:2")).toEqual(
      withValue(
        withValue(job(), ["metadata", "name"], () => "it-exit2"),
        ["spec", "template", "metadata", "annotations"],
        () => ({ "fakenode.local/behaviour": "exit:2" }),
      ),
    );
  });

  it("are of a kind of their own, which the jobs of the plan do not wait for", () => {
    const labels = { "app.kubernetes.io/name": "it" };
    const kinds = (name: string): string =>
      JSON.stringify([{ "app.kubernetes.io/name": name }, { matchLabels: { "app.kubernetes.io/name": name } }]);
    const copy = renamed(job({ labels, affinity: { labelSelector: { matchLabels: labels } } }), "x");
    const spec = (copy.spec as { template: { spec: { labels: unknown; affinity: { labelSelector: unknown } } } })
      .template.spec;
    expect(JSON.stringify([spec.labels, spec.affinity.labelSelector])).toBe(kinds("it-x"));
  });

  it("have no name but the one that the API server makes", () => {
    const named = withValue(job(), ["metadata", "generateName"], () => "it-") as Manifest;
    expect(unnamed(named, "slow:8").metadata).toEqual({ namespace: "there", generateName: "it-" });
  });

  it("lack one Secret and keep the other", () => {
    expect(secretsInEnvironment(job())).toEqual(["git", "database"]);
    expect(secretsInEnvironment(withoutSecret(job(), "x", "missing"))).toEqual(["missing", "database"]);
  });

  it("lack a Secret of an init container, too", () => {
    const before = job({ initContainers: [{ name: "before", env: [TOKEN] }] }, { env: [OTHER] });
    expect(secretsInEnvironment(before)).toEqual(["git", "database"]);
    expect(secretsInEnvironment(withoutSecret(before, "x", "missing"))).toEqual(["missing", "database"]);
  });

  it("have another revision", () => {
    expect(withRevision(job(), "2")).toEqual(
      withValue(job(), ["spec", "template", "spec", "containers", 0, "env", 2, "value"], () => "2"),
    );
  });

  it("live in another namespace", () => {
    expect(inNamespace(job(), "here").metadata).toEqual({ name: "it", namespace: "here" });
  });

  it("are a pod of their own", () => {
    expect(asPod(job({ hostNetwork: false }))).toMatchObject({
      kind: "Pod",
      metadata: { name: "it", namespace: "there", labels: { a: "b" } },
      spec: { hostNetwork: false },
    });
  });
});

describe("contradictions", () => {
  it("are a container that may be root in a pod that may not", () => {
    const pod = { securityContext: { runAsNonRoot: true } };
    expect(contradictions(job(pod, { securityContext: { runAsNonRoot: false } }))).toEqual([
      "Job it: the pod has runAsNonRoot: true, and its container c is sent with runAsNonRoot: false",
    ]);
    expect(contradictions(job(pod, { securityContext: { runAsNonRoot: true } }))).toEqual([]);
    expect(contradictions(job(pod))).toEqual([]);
    expect(contradictions(job({}, { securityContext: { runAsNonRoot: false } }))).toEqual([]);
  });
});

describe("deadlineBefore", () => {
  it("complains of a deadline that comes first, and of one that is not there", () => {
    expect(deadlineBefore(job(), { create: "15m" })).toEqual([]);
    expect(deadlineBefore(job(), { create: "20m" })).toEqual([
      "it: its deadline (1200 s) deletes the pod before Terraform gives up (20m)",
    ]);
    expect(deadlineBefore(job(), null)).toEqual(["it: has no timeouts.create (Terraform then waits one minute)"]);
    expect(deadlineBefore(withValue(job(), ["spec"], () => ({})) as Manifest, { create: "15m" })).toEqual([
      "it: has no activeDeadlineSeconds",
    ]);
  });

  it("reads durations", () => {
    expect([seconds("20m"), seconds("1h5m10s"), seconds("45s")]).toEqual([1200, 3910, 45]);
  });
});

describe("condition", () => {
  it("is one that holds", () => {
    const live: JsonObject = {
      status: {
        conditions: [
          { type: "Failed", status: "False" },
          { type: "Complete", status: "True", reason: "Done" },
        ],
      },
    };
    expect(condition(live, "Failed")).toBeUndefined();
    expect(condition(live, "Complete")?.reason).toBe("Done");
    expect(condition({}, "Complete")).toBeUndefined();
  });
});
