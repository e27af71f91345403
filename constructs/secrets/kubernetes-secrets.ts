import { SecretV1 } from "@cdktf/provider-kubernetes/lib/secret-v1";
import { Token } from "cdktf";
import { Construct } from "constructs";
import type { Settings } from "../../settings/schema";
import { interpolate, objectOf } from "../terraform/expressions";
import { type NamespaceSecret, type NamespaceSecrets, secretRevision } from "./namespace-secrets";

export interface SecretsProps {
  readonly namespace: string;
  readonly definitions: NamespaceSecrets;
  /** Expression of InfraStack's `secret_births`. */
  readonly births: string;
  readonly revisions: Settings["revisions"];
}

/** The namespace's Secrets. Their content is write-only: neither plan nor state has it. */
export class Secrets extends Construct {
  readonly objects: readonly SecretV1[];

  constructor(scope: Construct, id: string, props: SecretsProps) {
    super(scope, id);
    this.objects = Object.entries(props.definitions).map(
      ([secretId, definition]: readonly [string, NamespaceSecret]) => {
        return new SecretV1(this, secretId, {
          metadata: { name: definition.name, namespace: props.namespace },
          type: definition.type,
          dataWo: content(definition),
          // Without a revision the provider writes an empty Secret (docs/facts.md#write-only-data-of-a-secret).
          dataWoRevision: Token.asNumber(interpolate(secretRevision(definition, props.births, props.revisions))),
        });
      },
    );
  }
}

function content({ data, moreData }: NamespaceSecret): Record<string, string> {
  return moreData === undefined
    ? Object.fromEntries(Object.entries(data).map(([key, expression]) => [key, interpolate(expression)]))
    : Token.asStringMap(interpolate(`merge(${objectOf(data)}, ${moreData})`));
}
