/** An IPv4 range, as first and last address. */
export interface Ipv4Range {
  readonly first: number;
  readonly last: number;
  /** Length of the prefix in bits, 0 to 32. */
  readonly prefix: number;
}

/** Reads an IPv4 address; `undefined` when the text is none. */
export function parseIpv4(address: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  const octets = match?.slice(1).map(Number);
  if (octets === undefined || octets.some((octet) => octet > 255)) {
    return undefined;
  }
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** Reads `a.b.c.d/n`; `undefined` when the text is no range or has bits set behind the prefix. */
export function parseCidr(cidr: string): Ipv4Range | undefined {
  const [address, bits, ...rest] = cidr.split("/");
  const first = parseIpv4(address ?? "");
  if (first === undefined || bits === undefined || rest.length > 0 || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) {
    return undefined;
  }
  const size = 2 ** (32 - Number(bits));
  return first % size === 0 ? { first, last: first + size - 1, prefix: Number(bits) } : undefined;
}

export function overlaps(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function contains(outer: Ipv4Range, inner: Ipv4Range): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

/** The range that `a.b.c.d/n` lies in, when the address is not the first of it; `undefined` when the text is no range at all. */
export function rangeAround(text: string): string | undefined {
  const [address, bits, ...rest] = text.split("/");
  const given = parseIpv4(address ?? "");
  if (given === undefined || bits === undefined || rest.length > 0 || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) {
    return undefined;
  }
  const first = given - (given % 2 ** (32 - Number(bits)));
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${bits}`;
}
