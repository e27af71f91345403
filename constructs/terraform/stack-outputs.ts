import { TerraformOutput, type TerraformRemoteState, type TerraformStack } from "cdktf";

/** The outputs that a stack hands on: name and what it is. */
export type OutputDescriptions = Readonly<Record<string, string>>;

/** A value for each output. */
export type OutputValues<D extends OutputDescriptions> = { readonly [Name in keyof D]: unknown };

/** An expression (without `${}`) for each output, as the next stack reads it. */
export type OutputExpressions<D extends OutputDescriptions> = { readonly [Name in keyof D]: string };

/**
 * Publishes named, described outputs. CDKTF's own cross-stack outputs are all sensitive, which hides what they touch from
 * the plan's text, and change their names when a construct moves.
 */
export function publishOutputs<D extends OutputDescriptions>(
  stack: TerraformStack,
  descriptions: D,
  values: OutputValues<D>,
): void {
  for (const [name, description] of Object.entries(descriptions)) {
    const output = new TerraformOutput(stack, `output-${name}`, { description, value: values[name as keyof D] });
    output.overrideLogicalId(name);
  }
}

/** The other side: expressions that read the outputs from the producing stack's state. */
export function outputExpressions<D extends OutputDescriptions>(
  state: TerraformRemoteState,
  descriptions: D,
): OutputExpressions<D> {
  const base = `data.terraform_remote_state.${state.friendlyUniqueId}`;
  return Object.fromEntries(
    Object.keys(descriptions).map((name) => [name, `${base}.outputs.${name}`]),
  ) as OutputExpressions<D>;
}
