import type { Command } from 'commander'
import type { TaskPriority, UpdateTaskInput } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { RunCall } from '../call.ts'
import { UsageError } from '../exit-code.ts'
import { readTime } from '../read/durations.ts'
import { collect, readCount, readLabel, readPriority } from '../read/options.ts'
import { tell } from './task-steering.ts'

interface Options {
  readonly name?: string
  readonly description?: string
  readonly priority?: TaskPriority
  readonly label?: Record<string, string>
  readonly tag?: readonly string[]
  readonly scheduledFor?: string
  readonly deadline?: string
  readonly expectedVersion?: number
}

/** `task update` */
export function addTaskUpdate(task: Command, run: RunCall): void {
  const time = readTime(() => new Date())
  task
    .command('update <id>')
    .description('Change a task that has not ended')
    .option('--name <name>', 'what people call it')
    .option('--description <text>', 'what it is for')
    .option('--priority <priority>', 'critical, high, medium, low or background', readPriority)
    .option('--label <name=value>', 'all its labels from now on; may be repeated', readLabel)
    .option('--tag <tag>', 'all its tags from now on; may be repeated', collect)
    .option('--scheduled-for <time>', 'not before: 2030-01-31T08:00:00Z, or from now like 10m', time)
    .option('--deadline <time>', 'when it should have ended', time)
    .option('--expected-version <number>', 'refuse when it has changed since', readCount)
    .addHelpText('after', '\nExample:\n  task-mgmt task update task_01h455vb4pex5vsknk084sn02q --priority critical')
    .action((id: string, options: Options) =>
      run(async (call) => {
        const { label, tag, ...same } = options
        const input: UpdateTaskInput = {
          id,
          ...same,
          ...(label !== undefined && { labels: label }),
          ...(tag !== undefined && { tags: tag }),
        }
        const changes = Object.keys(input).filter((field) => field !== 'id' && field !== 'expectedVersion')
        if (changes.length === 0) throw new UsageError('Say what to change, like --priority high. See --help.')
        const { task: now } = unwrap(await call.client.updateTask({ input }, { signal: call.terminal.interrupted }))
        tell(call, now, 'Changed')
      }),
    )
}
