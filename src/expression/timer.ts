import { createContext, Script } from 'node:vm'

/** Runs a function of this very program, and throws when its time is up; what it was doing is left as it stands. */
export type RunWithin = <Value>(ms: number, work: () => Value) => Value

export function createTimer(): RunWithin {
  const room: { work?: () => unknown } = Object.create(null)
  const script = new Script('work()')
  createContext(room)
  return <Value>(timeout: number, work: () => Value) => {
    room.work = work
    try {
      return script.runInContext(room as object, { timeout }) as Value
    } finally {
      delete room.work
    }
  }
}

/** What Node says of a script whose time is up. */
const OUT_OF_TIME = 'ERR_SCRIPT_EXECUTION_TIMEOUT'

/** Whether that is why a {@link RunWithin} threw; the error is one of another context, so no class says it. */
export function isOutOfTime(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === OUT_OF_TIME
}
