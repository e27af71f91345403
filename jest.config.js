module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/__tests__"],
  testMatch: ["**/*.test.ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  // cdktf loads it for assets that are archives, and there is none: it is half of what cdktf takes to load in each test file.
  moduleNameMapper: { "^archiver$": "<rootDir>/__tests__/helpers/archiver.ts" },
  setupFilesAfterEnv: ["<rootDir>/__tests__/helpers/setup.ts"],
  maxWorkers: 2,
};
