import { Interrupted } from "../../rehearsal/problem";
import { Processes } from "../../rehearsal/processes";
import { Suite } from "../rehearsed/suite";

test("an interrupted check ends the suite, but only when the other worker has ended, too", async () => {
  const suite = new Suite([new Processes(), new Processes()], () => undefined);
  let ended = false;
  const checks = [
    { name: "interrupted", run: () => Promise.reject(new Interrupted("interrupted")) },
    {
      name: "slow",
      run: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        ended = true;
        return [];
      },
    },
  ];
  await expect(suite.all(checks)).rejects.toThrow(Interrupted);
  expect(ended).toBe(true);
});

test("a check that throws has failed, and the others go on", async () => {
  const said: string[] = [];
  const suite = new Suite([new Processes()], (line) => said.push(line));
  await suite.all([
    { name: "broken", run: () => Promise.reject(new Error("of no use")) },
    { name: "fine", run: () => Promise.resolve([]) },
  ]);
  expect([suite.passed, suite.failed]).toEqual([1, 1]);
  expect(said.join("\n")).toContain("of no use");
});

test("checks that were given at different times share the workers: no worker does two at a time", async () => {
  const busy = new Set<Processes>();
  const order: string[] = [];
  const check = (name: string) => ({
    name,
    run: async (worker: Processes) => {
      order.push(name);
      const problems = busy.has(worker) ? ["two at a time"] : [];
      busy.add(worker);
      await new Promise((resolve) => setTimeout(resolve, 5));
      busy.delete(worker);
      return problems;
    },
  });
  const suite = new Suite([new Processes(), new Processes()], () => undefined);
  await Promise.all([suite.all(["a", "b", "c"].map(check)), suite.all(["d", "e"].map(check))]);
  expect([suite.passed, suite.failed, order.join("")]).toEqual([5, 0, "abcde"]);
});
