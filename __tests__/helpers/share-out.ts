import { settled } from "../rehearsed/suite";

/**
 * Does the work for each item, as many at a time as there are workers.
 * @throws the first error, and not before every worker has ended: who cleans up afterwards must not do it under their feet
 */
export async function shareOut<W, T>(workers: readonly W[], items: readonly T[], work: (item: T, worker: W) => Promise<void>): Promise<void> {
  const queue = [...items];
  await settled(
    workers.map(async (worker) => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
        await work(item, worker);
      }
    }),
  );
}
