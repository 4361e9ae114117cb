import type { Command } from 'commander'
import type { RunCall } from '../call.ts'
import { showLogs } from '../watch/show-logs.ts'
import { watchToEnd } from '../watch/watch-to-end.ts'

/** `task watch`, `task logs` */
export function addTaskWatching(task: Command, run: RunCall): void {
  task
    .command('watch <id>')
    .description('Show the progress of a task until it has ended; exits with 1 when it did not succeed')
    .action((id: string) => run((call) => watchToEnd(call, id)))
  task
    .command('logs <id>')
    .description('Print what the handler of a task wrote')
    .option('-f, --follow', 'go on until the task has ended')
    .action((id: string, { follow }: { follow?: boolean }) =>
      run((call) => showLogs(call, { id, isFollowing: follow === true })),
    )
}
