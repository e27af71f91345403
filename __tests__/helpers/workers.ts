/** Hands out workers, each to one piece of work at a time, in the order in which the work came. */
export class Workers<W> {
  private readonly idle: W[];
  private readonly waiting: ((worker: W) => void)[] = [];
  private failed = false;

  constructor(workers: readonly W[]) {
    this.idle = [...workers];
  }

  /**
   * Does the work for each item; several calls may be under way. After an error no other work begins.
   * @throws the first error, and not before all that has begun has ended: who cleans up afterwards must not do it under a worker's feet
   */
  async each<T>(items: readonly T[], work: (item: T, worker: W) => Promise<void>): Promise<void> {
    await settled(items.map(async (item) => this.lend((worker) => work(item, worker))));
  }

  private async lend(work: (worker: W) => Promise<void>): Promise<void> {
    const worker = this.idle.shift() ?? (await new Promise<W>((resolve) => this.waiting.push(resolve)));
    try {
      if (!this.failed) {
        await work(worker);
      }
    } catch (error) {
      this.failed = true;
      throw error;
    } finally {
      const next = this.waiting.shift();
      if (next) {
        next(worker);
      } else {
        this.idle.push(worker);
      }
    }
  }
}

/** Waits for all of them, then throws what the first one threw. */
export async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  for (const one of await Promise.allSettled(work)) {
    if (one.status === "rejected") {
      throw one.reason;
    }
  }
}
