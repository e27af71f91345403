/**
 * Text of a container's `env`, `command` or `args` that the kubelet leaves as it is. It takes `$(NAME)` for a variable of the
 * container, a Secret's included, and `$$` for one dollar sign (Kubernetes, "Define Dependent Environment Variables"), so each dollar
 * sign is doubled. Those of Terraform's references, `${...}`, stay: the value behind one is not known here, and the kubelet
 * knows no braces.
 */
export function podText(text: string): string {
  return text.replace(/(\$+)(\{?)/g, (_match, dollars: string, brace: string) =>
    brace === "" ? dollars + dollars : dollars + brace,
  );
}
