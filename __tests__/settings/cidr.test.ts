import { contains, overlaps, parseCidr, parseIpv4, rangeAround, type Ipv4Range } from "../../settings/cidr";

const range = (text: string): Ipv4Range => {
  const parsed = parseCidr(text);
  if (!parsed) {
    throw new RangeError(text);
  }
  return parsed;
};

test.each([
  ["0.0.0.0", 0],
  ["10.0.0.1", 167772161],
  ["255.255.255.255", 4294967295],
])("%s is the address %d", (text, address) => {
  expect(parseIpv4(text)).toBe(address);
});

test.each(["256.0.0.1", "1.2.3", "1.2.3.4.5", "a.b.c.d", "1.2.3.4/8", " 1.2.3.4", ""])("%j is no address", (text) => {
  expect(parseIpv4(text)).toBeUndefined();
});

test.each([
  ["0.0.0.0/0", { first: 0, last: 4294967295, prefix: 0 }],
  ["10.0.0.4/30", { first: 167772164, last: 167772167, prefix: 30 }],
  ["255.255.255.255/32", { first: 4294967295, last: 4294967295, prefix: 32 }],
] as const)("%s is a range", (text, expected) => {
  expect(parseCidr(text)).toEqual(expected);
});

test.each(["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0", "10.0.0.0/8/8", "10.0.0.0/-1", "/8"])(
  "%j is no range",
  (text) => {
    expect(parseCidr(text)).toBeUndefined();
  },
);

test.each([
  ["10.0.0.7/24", "10.0.0.0/24"],
  ["255.255.255.255/1", "128.0.0.0/1"],
  ["192.168.1.1/32", "192.168.1.1/32"],
  ["10.0.0.0", undefined],
  ["10.0.0.0/40", undefined],
  ["10.0.0.0/8/8", undefined],
  ["ten/8", undefined],
])("%s lies in %s", (text, around) => {
  expect(rangeAround(text)).toBe(around);
});

test.each([
  ["10.0.0.0/16", "10.0.255.0/24", true, true],
  ["10.0.255.0/24", "10.0.0.0/16", true, false],
  ["10.0.0.0/24", "10.0.1.0/24", false, false],
  ["10.0.0.0/24", "10.0.0.0/24", true, true],
  ["10.0.0.0/24", "10.0.0.255/32", true, true],
  ["10.0.0.255/32", "10.0.0.0/24", true, false],
])("%s and %s", (a, b, overlap, contain) => {
  expect([overlaps(range(a), range(b)), contains(range(a), range(b))]).toEqual([overlap, contain]);
});
