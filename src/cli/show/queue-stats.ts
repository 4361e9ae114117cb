import type { QueueStatsFieldsFragment, ReadQueueStatsQuery } from '../../sdk/generated/operations.ts'
import type { Terminal } from '../terminal.ts'
import { showCount } from './count.ts'
import { showPause } from './pause.ts'
import { type Column, table } from './table.ts'
import { clean } from './text.ts'
import { showDuration, showRelative } from './times.ts'

type Report = ReadQueueStatsQuery['queueStats']
type Stats = QueueStatsFieldsFragment

/** What waits and runs, for a person: a line for each queue, then what is READY by type, by priority and by age. */
export function showQueueStats(report: Report, terminal: Terminal): string {
  const { all, queues, strategy, isReordering, isComplete } = report
  const ready = countOf(all, 'READY')
  const facts = [
    `Strategy ${strategy}${isReordering ? ' (re-ordering what waits)' : ''}`,
    ...all.pauses.map((pause) => `Paused: ${showPause(pause, terminal)}`),
    ...(isComplete ? [] : ['There are too many kinds of tasks to look at all: some are not in these figures.']),
  ]
  const tables = [
    table(queueColumns(terminal), queues.length > 1 ? [...queues, all] : [queues[0] ?? all], terminal),
    ...(ready.value === 0
      ? []
      : [
          table(typeColumns(queues, terminal), all.byType, terminal),
          table(PRIORITY_COLUMNS, all.byPriority, terminal),
          table(AGE_COLUMNS, all.byAge, terminal),
        ]),
  ]
  return [facts.join('\n'), ...tables].join('\n\n')
}

function queueColumns({ colors, now }: Terminal): Column<Stats>[] {
  const status = (name: string): Column<Stats> => ({ title: name, of: (stats) => showCount(countOf(stats, name)) })
  return [
    { title: 'QUEUE', of: showQueue, isFlexible: true },
    status('READY'),
    { title: 'BLOCKED', of: ({ blocked }) => showCount(blocked) },
    ...['RUNNING', 'PENDING', 'SCHEDULED', 'RETRYING', 'WAITING', 'PAUSED'].map(status),
    { title: 'OLDEST', of: ({ oldestReadyAt }) => (oldestReadyAt === null ? '' : showRelative(oldestReadyAt, now())) },
    { title: 'IN/MIN', of: ({ arrivalsPerMinute }) => showRate(arrivalsPerMinute) },
    { title: 'OUT/MIN', of: ({ departuresPerMinute }) => showRate(departuresPerMinute) },
    {
      title: 'STATE',
      of: ({ pauses }) => (pauses.length === 0 ? 'open' : 'paused'),
      paint: (cell, { pauses }) => (pauses.length === 0 ? cell : colors.yellow(cell)),
    },
  ]
}

function typeColumns(queues: readonly Stats[], terminal: Terminal): Column<Stats['byType'][number]>[] {
  const { colors, now } = terminal
  const unserved = (type: string): readonly Stats[] =>
    queues.filter(({ byType }) => byType.some((other) => other.type === type && !other.isServed))
  return [
    { title: 'READY TYPE', of: ({ type }) => type, isFlexible: true },
    { title: 'TASKS', of: ({ tasks }) => showCount(tasks) },
    { title: 'OLDEST', of: ({ oldestReadyAt }) => (oldestReadyAt === null ? '' : showRelative(oldestReadyAt, now())) },
    {
      title: 'WORKERS',
      of: ({ type, isServed }) =>
        isServed ? 'served' : `none for ${unserved(type).map(showQueue).join(', ') || 'some queues'}`,
      paint: (cell, { isServed }) => (isServed ? cell : colors.red(cell)),
    },
    { title: 'PAUSED', of: ({ pause }) => (pause === null ? '' : showPause(pause, terminal)), isFlexible: true },
  ]
}

function showQueue({ name }: Stats): string {
  return clean(name ?? 'all')
}

const PRIORITY_COLUMNS: readonly Column<Stats['byPriority'][number]>[] = [
  { title: 'READY PRIORITY', of: ({ priority }) => priority },
  { title: 'TASKS', of: ({ tasks }) => showCount(tasks) },
]

const AGE_COLUMNS: readonly Column<Stats['byAge'][number]>[] = [
  {
    title: 'READY SINCE',
    of: ({ from, until }) => (until === null ? `${showDuration(from)} or longer` : `less than ${showDuration(until)}`),
  },
  { title: 'TASKS', of: ({ tasks }) => showCount(tasks) },
]

function countOf({ byStatus }: Stats, name: string): Stats['claimable'] {
  return byStatus.find(({ status }) => status === name)?.tasks ?? { value: 0, isExact: true }
}

function showRate(perMinute: number): string {
  return perMinute >= 10 || perMinute === 0 ? Math.round(perMinute).toLocaleString('en') : perMinute.toFixed(1)
}
