import { isFinished, type TaskStatus } from '../../src/task/status.ts'
import type { Open, Subscription } from './subscription.ts'

export interface TaskWatcherOptions {
  /** TypeID of a task that exists. */
  readonly id: string
  readonly open: Open
  readonly target: () => Promise<Pick<Subscription, 'url' | 'apiKey'>>
}

/** The states that one subscription after the other has shown of a task. */
export interface WatchedTask {
  readonly id: string
  readonly states: readonly { readonly version: number; readonly status: TaskStatus; readonly connection: number }[]
}

const DOCUMENT = 'subscription ($id: ID!) { taskUpdated(id: $id) { version status } }'

/** Watches a task by `taskUpdated` until it has finished, coming back whenever the connection breaks. */
export async function watchTask({ id, open, target }: TaskWatcherOptions): Promise<WatchedTask> {
  const states: { version: number; status: TaskStatus; connection: number }[] = []
  for (let connection = 1; ; connection++) {
    try {
      const subscription = { ...(await target()), query: DOCUMENT, variables: { id } }
      for await (const { data } of open(subscription, new AbortController().signal)) {
        if (data?.taskUpdated === undefined) break
        const { version, status } = data.taskUpdated
        states.push({ version, status, connection })
      }
      if (states.length > 0 && isFinished(states.at(-1)!.status)) return { id, states }
    } catch {
      // The server went away in the middle.
    }
    await new Promise(setImmediate)
  }
}

/** What is wrong with what was shown: an older state after a newer, or, on one connection, the same state twice. */
export function faultsOfWatching({ id, states }: WatchedTask): string[] {
  const faults: string[] = []
  for (const [place, state] of states.entries()) {
    const before = states[place - 1]
    if (before === undefined) continue
    const isSameConnection = before.connection === state.connection
    if (state.version < before.version || (isSameConnection && state.version === before.version)) {
      faults.push(`${id}: version ${state.version} after ${before.version}`)
    }
  }
  return faults
}
