import js from "@eslint/js";
import tseslint from "typescript-eslint";

// A barrel import of a provider loads every resource type it has: 4 s and 1.3 GB for azurerm.
const barrels = ["azurerm", "kubernetes", "helm", "null", "random", "time"].map((name) => ({
  name: `@cdktf/provider-${name}`,
  message: `Import the resource by its own path, for example "@cdktf/provider-${name}/lib/provider".`,
}));

const files = ["fs", "node:fs"].map((name) => ({
  name,
  message: "A construct does not read files: pass the content as a property.",
}));

// The lowest first: each imports those in front of it, and nothing else of the project. docs/architecture.md has the picture.
const FLOORS = [
  "datasurface",
  "settings",
  "constructs/terraform",
  "constructs/secrets",
  "constructs/azure",
  "constructs/kubernetes",
  "constructs/airflow",
  "bootstrap",
  "stacks",
  "main.ts",
];
const BESIDE = ["rehearsal", "benchmarks", "__tests__"];

const above = (height) =>
  [...FLOORS.slice(height + 1), ...BESIDE].map((folder) => ({
    regex: `(^|/)${folder.replace("constructs/", "").replace(".ts", "")}(/|$)`,
    message: `${folder} is above ${FLOORS[height]}, or beside it: what both need belongs to the lower floor (docs/architecture.md).`,
  }));

export default tseslint.config(
  { ignores: ["node_modules/", "cdktf.out/", ".cache/", "coverage/", "**/*.js", "**/*.mjs"] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/prefer-nullish-coalescing": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "no-empty": ["error", { allowEmptyCatch: false }],
      "no-restricted-imports": ["error", { paths: barrels }],
      eqeqeq: "error",
    },
  },
  {
    // Values flow settings → stacks → constructs: a construct that reads the environment cannot be tested or reused.
    files: ["constructs/**/*.ts", "stacks/**/*.ts", "bootstrap/**/*.ts", "datasurface/**/*.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "Read it in settings/ and pass it as a property." },
      ],
    },
  },
  ...FLOORS.map((floor, height) => ({
    files: [floor.endsWith(".ts") ? floor : `${floor}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        { paths: floor.startsWith("constructs/") ? [...barrels, ...files] : barrels, patterns: above(height) },
      ],
    },
  })),
);
