import type { LogLineFieldsFragment } from '../../sdk/generated/operations.ts'
import type { Call } from '../call.ts'
import { findTask } from '../commands/task-reads.ts'
import { EXIT_CODES, NotThere } from '../exit-code.ts'
import { showLogLine } from './log-line.ts'

const PAGE_SIZE = 100

/**
 * Prints the log of a task: what is there, or until the task has ended.
 *
 * @returns the exit code
 */
export async function showLogs(call: Call, { id, isFollowing }: { id: string; isFollowing: boolean }): Promise<number> {
  await findTask(id, call)
  for await (const lines of isFollowing ? follow(call, id) : pages(call, id)) {
    for (const line of lines) {
      if (call.isJson) call.terminal.out(`${JSON.stringify(line)}\n`)
      else call.line(showLogLine(line, call.terminal.colors))
    }
  }
  return call.terminal.interrupted.aborted ? EXIT_CODES.interrupted : EXIT_CODES.ok
}

async function* follow({ client, terminal }: Call, id: string): AsyncGenerator<readonly LogLineFieldsFragment[]> {
  for await (const batch of client.taskLog({ id }, { signal: terminal.interrupted })) {
    if (batch.__typename === 'LogBatch') yield batch.lines
    else terminal.err(`${batch.message}\n`)
  }
}

async function* pages({ client, terminal }: Call, id: string): AsyncGenerator<readonly LogLineFieldsFragment[]> {
  let after: string | undefined
  for (;;) {
    const variables = { id, first: PAGE_SIZE, ...(after !== undefined && { after }) }
    const task = await client.readTaskLog(variables, { signal: terminal.interrupted })
    if (task === null) throw new NotThere(`There is no task ${id} any more.`)
    yield task.log.lines
    if (!task.log.hasMore) return
    after = task.log.cursor
  }
}
