import {
  concatenate,
  contentRevision,
  escapeTemplate,
  expressionOf,
  interpolate,
  jsonObject,
  literal,
  percentEncode,
  template,
} from "../../../constructs/terraform/expressions";

describe("literal", () => {
  test.each([
    ["a quote", 'a"b', '"a\\"b"'],
    ["a backslash", "a\\b", '"a\\\\b"'],
    ["a line break", "a\nb", '"a\\nb"'],
    ["an interpolation", "a${b}", '"a$${b}"'],
    ["a directive", "a%{if b}", '"a%%{if b}"'],
    ["several interpolations", "${a}${b}", '"$${a}$${b}"'],
    ["a dollar that opens nothing", "a$b", '"a$b"'],
    ["a percent sign that opens nothing", "100%", '"100%"'],
  ])("keeps %s as text", (_what, text, expected) => {
    expect(literal(text)).toBe(expected);
  });
});

test("escapeTemplate makes text of what Terraform would evaluate, and changes nothing else", () => {
  expect(escapeTemplate('a${b} %{c} $d "e" \\ \n')).toBe('a$${b} %%{c} $d "e" \\ \n');
});

test("template keeps an interpolation", () => {
  expect(template('host=${var.host}\nname="x"')).toBe('"host=${var.host}\\nname=\\"x\\""');
});

test("interpolate closes an expression", () => {
  expect(interpolate("var.x")).toBe("${var.x}");
});

describe("expressionOf", () => {
  test("opens a reference", () => {
    expect(expressionOf("${azurerm_key_vault.main.id}")).toBe("azurerm_key_vault.main.id");
  });

  test("opens a reference over several lines", () => {
    expect(expressionOf("${join(\n[])}")).toBe("join(\n[])");
  });

  test("makes plain text a literal", () => {
    expect(expressionOf("10.0.0.0/16")).toBe('"10.0.0.0/16"');
  });
});

test("jsonObject quotes its names and keeps its expressions", () => {
  expect(jsonObject({ USER: literal("x"), "a${b}": "var.p" })).toBe('jsonencode({"USER" = "x", "a$${b}" = var.p})');
});

test("percentEncode turns the plus sign of a space into %20", () => {
  expect(percentEncode("var.p")).toBe('replace(urlencode(var.p), "+", "%20")');
});

test("concatenate joins expressions with nothing between them", () => {
  expect(concatenate(literal("a"), "var.b")).toBe('join("", ["a", var.b])');
});

describe("contentRevision", () => {
  test("is an expression of sixteen digits", () => {
    expect(contentRevision("text")).toMatch(/^substr\(sha256\(join\("\/", \["[0-9a-f]{16}"\]\)\), 0, 16\)$/);
  });

  test("changes with the text", () => {
    expect(contentRevision("text")).not.toBe(contentRevision("another text"));
  });

  test("is the same for the same text", () => {
    expect(contentRevision("a ${local.b}")).toBe(contentRevision("a ${local.b}"));
  });

  test("follows each reference once, whatever the order", () => {
    expect(contentRevision("${local.b} ${local.a} ${local.b}")).toMatch(/\["[0-9a-f]{16}", local\.a, local\.b\]/);
  });

  test("changes with what a reference stands in", () => {
    expect(contentRevision("a ${local.x}")).not.toBe(contentRevision("b ${local.x}"));
  });

  test.each([
    ["a quote", '${lookup(local.a, "b")}'],
    ["braces", "${ { a = 1 } }"],
    ["an inner interpolation", '${join("", ["${local.a}"])}'],
    ["no end", "${local.a"],
  ])("refuses a reference with %s", (_what, text) => {
    expect(() => contentRevision(`text ${text}`)).toThrow(
      new RangeError("A revision can follow plain references only: give the expression a local, and refer to that"),
    );
  });
});
