import type { ThreadJobs } from '../../src/infra/thread-jobs.ts'

/** Jobs that do what worker threads must survive. */
export function jobs() {
  let calls = 0
  return {
    double: (value: number) => value * 2,
    countCalls: (_: null) => ++calls,
    fail: (message: string) => {
      throw new RangeError(message)
    },
    spin: (_: null): never => {
      for (;;);
    },
    exit: (code: number): never => process.exit(code),
    giveFunction: (_: null) => () => {},
    /** Returns once all of that many threads are in it at the same time. */
    meet: ({ shared, threads }: { shared: SharedArrayBuffer; threads: number }) => {
      const arrived = new Int32Array(shared)
      Atomics.add(arrived, 0, 1)
      Atomics.notify(arrived, 0)
      for (let seen = Atomics.load(arrived, 0); seen < threads; seen = Atomics.load(arrived, 0)) {
        Atomics.wait(arrived, 0, seen, 1_000)
      }
      return Atomics.load(arrived, 0)
    },
  } satisfies ThreadJobs
}
