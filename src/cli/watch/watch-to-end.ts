import type { TaskDetailsFragment } from '../../sdk/generated/operations.ts'
import type { Call } from '../call.ts'
import { findTask } from '../commands/task-reads.ts'
import { EXIT_CODES } from '../exit-code.ts'
import { createJsonWatcher, createLineWatcher, createLiveWatcher, type Watcher } from './watcher.ts'

/**
 * Shows a task until it has ended, or until Ctrl-C: the task goes on then.
 *
 * @returns the exit code
 */
export async function watchToEnd(call: Call, id: string): Promise<number> {
  const { client, terminal, self } = call
  // Told at once when there is no server or no such task: a subscription would keep trying.
  await findTask(id, call)
  const watcher = watcherOf(call)
  const stopListening = client.connection.onChange((state) => watcher.connection(state))
  const leaving = new AbortController()
  const signal = AbortSignal.any([leaving.signal, terminal.interrupted])
  let task: TaskDetailsFragment | undefined
  let ended: TaskDetailsFragment | undefined
  try {
    const log = followLog(call, id, watcher, signal)
    // Both are awaited below; this keeps a failure of one, while the other is waited for, from being called unhandled.
    log.catch(() => undefined)
    for await (const change of client.watchTask(id, { signal })) {
      task = change.task
      watcher.changed(change)
    }
    await log
    if (!signal.aborted) ended = task
  } finally {
    leaving.abort()
    stopListening()
    watcher.end(ended)
  }
  if (terminal.interrupted.aborted) {
    terminal.err(`\nThe task goes on. Watch it again: ${self} task watch ${id}\n`)
    return EXIT_CODES.interrupted
  }
  return ended?.status === 'COMPLETED' ? EXIT_CODES.ok : EXIT_CODES.taskNotCompleted
}

function watcherOf(call: Call): Watcher {
  if (call.isJson) return createJsonWatcher(call)
  return call.terminal.isLive ? createLiveWatcher(call) : createLineWatcher(call)
}

async function followLog({ client }: Call, id: string, watcher: Watcher, signal: AbortSignal): Promise<void> {
  for await (const batch of client.taskLog({ id }, { signal })) {
    if (batch.__typename === 'LogBatch') watcher.logged(batch.lines)
  }
}
