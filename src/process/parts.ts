import type { Log } from '../infra/log.ts'

/** Something that runs until it is stopped. */
export interface Part {
  /** For the log. */
  readonly name: string
  /** After this the stop goes on without it. */
  readonly stopWithinMs: number
  stop(): Promise<void>
}

/** What this process has started, in order. */
export interface Parts {
  /** Called right after the part has started, so that nothing started is forgotten. */
  add(part: Part): void
  /** Stops the parts one after the other, the latest first: what was built on another goes before it. */
  stopAll(): Promise<void>
}

/** A list of parts; one that fails or hangs while stopping is logged and does not hold up the others. */
export function createParts(log: Log): Parts {
  const parts: Part[] = []
  return {
    add: (part) => {
      parts.push(part)
    },
    stopAll: async () => {
      for (let part = parts.pop(); part !== undefined; part = parts.pop()) await stopOne(part, log)
    },
  }
}

async function stopOne(part: Part, log: Log): Promise<void> {
  const startedAt = performance.now()
  const overdue = Promise.withResolvers<'overdue'>()
  const timer = setTimeout(() => overdue.resolve('overdue'), part.stopWithinMs)
  try {
    const end = await Promise.race([part.stop(), overdue.promise])
    if (end === 'overdue') log.warn({ part: part.name, waitedMs: part.stopWithinMs }, 'did not stop in time')
    else log.debug({ part: part.name, ms: Math.round(performance.now() - startedAt) }, 'stopped')
  } catch (error) {
    log.error({ part: part.name, err: error }, 'failed while stopping')
  } finally {
    clearTimeout(timer)
  }
}
