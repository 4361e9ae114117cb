import { setTimeout as delay } from 'node:timers/promises'
import { createWorker } from '../../src/remote-worker/worker.ts'

// A worker process for tests: serves `work` and the types of the Python example, and says on stdout what its handlers do.

interface Input {
  /** How long to run; later attempts take the last of the list. */
  readonly ms?: readonly number[]
  /** Whether to go on after the signal. */
  readonly isDeaf?: boolean
  /** Keeps the CPU to itself. */
  readonly isBusy?: boolean
}

const worker = createWorker({
  url: process.env.GRAPH_URL!,
  leaseMs: Number(process.env.LEASE_MS ?? 30_000),
  slots: Number(process.env.SLOTS ?? 10),
  graceMs: Number(process.env.GRACE_MS ?? 10_000),
  onLog: (level, message) => say({ what: 'log', level, message }),
})

worker.handle<Input, unknown>('work', {}, async ({ id, input, epoch, attempt }, { signal }) => {
  say({ what: 'began', id, epoch, attempt })
  signal.addEventListener('abort', () => say({ what: 'aborted', id, epoch, reason: String(signal.reason) }))
  const ms = input.ms ?? [0]
  const mine = ms[Math.min(attempt, ms.length) - 1]!
  if (input.isBusy === true) for (const end = Date.now() + mine; Date.now() < end; ) Math.sqrt(2)
  else await delay(mine, undefined, input.isDeaf === true ? {} : { signal })
  say({ what: 'ended', id, epoch })
  return { attempt, by: 'typescript' }
})
worker.handle<{ seconds: number }, unknown>('py_sleep', {}, async ({ input }) => ({
  slept: input.seconds,
  by: 'typescript',
}))

await worker.start()
say({ what: 'started', worker: worker.id })
await worker.ended
say({ what: 'stopped' })

function say(what: object): void {
  process.stdout.write(`${JSON.stringify({ ...what, at: Date.now() })}\n`)
}
