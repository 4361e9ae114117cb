import type { Command } from 'commander'
import type { TaskDetailsFragment } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import { type Call, type RunCall, signalOf } from '../call.ts'
import { paintStatus } from '../show/status.ts'
import { clean } from '../show/text.ts'
import { watchToEnd } from '../watch/watch-to-end.ts'

interface CancelOptions {
  readonly reason?: string
  readonly cascade?: boolean
}

/** `task cancel`, `task retry`, `task pause`, `task resume` */
export function addTaskSteering(task: Command, run: RunCall): void {
  task
    .command('cancel <id>')
    .description('Cancel a task and its parts')
    .option('--reason <text>', 'why; kept with the task')
    .option('--cascade', 'cancel the tasks that wait for it as well')
    .action((id: string, { reason, cascade }: CancelOptions) =>
      run(async (call) => {
        const input = {
          id,
          ...(reason !== undefined && { reason }),
          ...(cascade === true && { cascade: { children: true, dependents: true } }),
        }
        const { task: now, cancelledIds } = unwrap(await call.client.cancelTask({ input }, signalOf(call)))
        const others = cancelledIds.length - 1
        tell(call, now, others === 0 ? 'Cancelled' : `Cancelled, with ${others} other${others === 1 ? '' : 's'}:`)
      }),
    )
  task
    .command('retry <id>')
    .description('Run a task again that has ended without success')
    .option('-w, --watch', 'show its progress until it has ended')
    .action((id: string, { watch }: { watch?: boolean }) =>
      run(async (call) => {
        const { task: now } = unwrap(await call.client.retryTask({ input: { id } }, signalOf(call)))
        if (watch === true) return watchToEnd(call, id)
        tell(call, now, 'Runs again:')
        return undefined
      }),
    )
  task
    .command('pause <id>')
    .description('Hold a waiting task back until it is resumed')
    .action((id: string) =>
      run(async (call) => {
        tell(call, unwrap(await call.client.pauseTask({ input: { id } }, signalOf(call))).task, 'Paused')
      }),
    )
  task
    .command('resume <id>')
    .description('Let a paused task go on')
    .action((id: string) =>
      run(async (call) => {
        tell(call, unwrap(await call.client.resumeTask({ input: { id } }, signalOf(call))).task, 'Goes on:')
      }),
    )
}

/** Says what became of a task. */
export function tell(call: Call, task: TaskDetailsFragment, what: string): void {
  if (call.isJson) {
    call.json(task)
    return
  }
  const { colors } = call.terminal
  call.line(`${what} ${colors.bold(task.id)} ${clean(task.name)} ${paintStatus(task.status, task.status, colors)}`)
}
