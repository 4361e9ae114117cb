import type { Command } from 'commander'
import type { ListHoldupsQuery, ReasonFieldsFragment } from '../../sdk/generated/operations.ts'
import type { Call, RunCall } from '../call.ts'
import { readCount } from '../read/options.ts'
import { showCount } from '../show/count.ts'
import { type Column, table } from '../show/table.ts'
import { clean } from '../show/text.ts'
import { showRelative } from '../show/times.ts'

type Holdup = ListHoldupsQuery['holdups']['holdups'][number]

/** `queue holdups` */
export function addQueueHoldups(queue: Command, run: RunCall): void {
  queue
    .command('holdups')
    .description('List what holds up the most tasks')
    .option('--limit <count>', 'how many causes, at most 100', readCount, 20)
    .addHelpText('after', '\nWhat one task waits for: task-mgmt task why <id>')
    .action(({ limit }: { limit: number }) =>
      run(async (call) => {
        const report = await call.client.listHoldups({ first: limit }, { signal: call.terminal.interrupted })
        if (call.isJson) call.json(report)
        else tell(report, call)
      }),
    )
}

function tell({ holdups, isComplete }: ListHoldupsQuery['holdups'], { terminal, line }: Call): void {
  line(holdups.length === 0 ? 'Nothing holds up any task.' : table(columns(terminal.now()), holdups, terminal))
  if (!isComplete) line('There are more causes than were looked at: of the rest a sample was.')
}

function columns(present: Date): Column<Holdup>[] {
  return [
    { title: 'TASKS', of: ({ tasks }) => showCount(tasks) },
    { title: 'DIRECTLY', of: ({ direct }) => showCount(direct) },
    { title: 'WAIT FOR', of: ({ blocker }) => whatOf(blocker), isFlexible: true },
    {
      title: 'OLDEST',
      of: ({ oldest }) => (oldest === null ? '' : showRelative(oldest.readyAt ?? oldest.createdAt, present)),
    },
    {
      title: 'NEXT',
      of: ({ nextTransitionAt }) => (nextTransitionAt === null ? '' : showRelative(nextTransitionAt, present)),
    },
    { title: 'FOR EXAMPLE', of: ({ oldest }) => oldest?.id ?? '' },
  ]
}

const TIMES: { readonly [cause: string]: string } = {
  SCHEDULE: 'their time',
  BACK_OFF: 'the next attempt',
  PARKED: 'the time they are parked until',
}

function whatOf(blocker: ReasonFieldsFragment): string {
  switch (blocker.__typename) {
    case 'DependencyBlocker':
      return blocker.task === null
        ? blocker.taskId
        : `task ${blocker.taskId} ${clean(blocker.task.name)}: ${blocker.task.status}`
    case 'PoolBlocker':
      return `pool ${blocker.pool}, ${blocker.capacity} slots`
    case 'ConcurrencyBlocker':
      return `concurrency key ${clean(blocker.key)}, ${blocker.limit} at once`
    case 'NoWorkerBlocker':
      return `a worker for ${blocker.type}`
    case 'ExternalBlocker':
      return `the event ${clean(blocker.waitKey)}`
    case 'TimeBlocker':
      return TIMES[blocker.cause] ?? 'a time'
    default:
      return clean(blocker.message)
  }
}
