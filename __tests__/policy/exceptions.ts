import { parse } from "yaml";
import { z } from "zod";
import { PolicyError } from "./problem";

const nonEmptyList = z.array(z.string().min(1)).min(1);

const schema = z.array(
  z.strictObject({
    check: z.string().regex(/^CKV2?_[A-Z0-9]+_\d+$/, "is no id of a check"),
    /** `*`: every environment that has the address. */
    environments: z.union([z.literal("*"), nonEmptyList]),
    /** Managed resources as Terraform names them, without CDKTF's hash; no patterns, so that a new resource is never excepted by accident. */
    addresses: z.array(z.string().regex(/^[a-z0-9_]+\.[A-Za-z0-9_-]+$/, "is no address of a resource")).min(1),
    reason: z.string().trim().min(20, "is too short for a reason"),
  }),
);

export type Exception = z.infer<typeof schema>[number];

/** A check that failed for a resource of an environment, whichever form of the stack showed it. */
export interface Finding {
  readonly check: string;
  readonly title: string;
  readonly environment: string;
  readonly address: string;
  /** The forms that showed it, for example `plan`. */
  readonly seenIn: readonly string[];
}

export interface Judgement {
  readonly unexplained: readonly Finding[];
  readonly explained: readonly Finding[];
  /** What of the exceptions matches nothing, or is said twice: one line each. */
  readonly stale: readonly string[];
}

/** @param source - text of exceptions.yaml */
export function parseExceptions(source: string): readonly Exception[] {
  // Lists of addresses are written once, as YAML anchors.
  const result = schema.safeParse(parse(source, { maxAliasCount: -1 }));
  if (!result.success) {
    throw new PolicyError(
      `exceptions.yaml:\n${result.error.issues.map(({ path, message }) => `  ${path.join(".")}: ${message}`).join("\n")}`,
    );
  }
  return result.data;
}

/** The exceptions as if there were no environments of these names: a run that leaves them out finds nothing in them. */
export function exceptionsWithout(names: readonly string[], exceptions: readonly Exception[]): readonly Exception[] {
  return exceptions.flatMap((exception) => {
    const { environments } = exception;
    const left = environments === "*" ? environments : environments.filter((name) => !names.includes(name));
    return left.length === 0 ? [] : [{ ...exception, environments: left }];
  });
}

/**
 * Sorts findings by whether an exception explains them, and exceptions by whether they still explain something.
 * @param resources - addresses of each environment, all stacks together
 */
export function judge(
  findings: readonly Finding[],
  exceptions: readonly Exception[],
  resources: ReadonlyMap<string, ReadonlySet<string>>,
): Judgement {
  const keyOf = (check: string, environment: string, address: string): string => `${check} ${environment} ${address}`;
  const found = new Map(
    findings.map((finding) => [keyOf(finding.check, finding.environment, finding.address), finding]),
  );
  const explained = new Set<string>();
  const stale: string[] = [];
  for (const { check, environments, addresses } of exceptions) {
    for (const address of addresses) {
      const named =
        environments === "*"
          ? [...resources].filter(([, all]) => all.has(address)).map(([environment]) => environment)
          : environments;
      if (named.length === 0) {
        stale.push(`${check} ${address}: no environment has this resource`);
      }
      for (const environment of named) {
        const key = keyOf(check, environment, address);
        if (!found.has(key)) {
          stale.push(
            `${check} ${address}: ${resources.has(environment) ? `matches nothing in ${environment}` : `there is no environment ${environment}`}`,
          );
        } else if (explained.has(key)) {
          stale.push(`${check} ${address}: two exceptions for ${environment}`);
        }
        explained.add(key);
      }
    }
  }
  const isExplained = ({ check, environment, address }: Finding): boolean =>
    explained.has(keyOf(check, environment, address));
  return {
    unexplained: findings.filter((finding) => !isExplained(finding)),
    explained: findings.filter(isExplained),
    stale,
  };
}
