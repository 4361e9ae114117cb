import type { Command } from 'commander'
import type { BackfillFieldsFragment, ScheduleStatus, ScheduleSummaryFragment } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import { type Call, type RunCall, signalOf } from '../call.ts'
import { NotThere } from '../exit-code.ts'
import { readTime } from '../read/durations.ts'
import { readCount, readScheduleStatuses } from '../read/options.ts'
import { showPage } from '../show/page.ts'
import { showSchedule, showTiming } from '../show/schedule-details.ts'
import type { Column } from '../show/table.ts'
import { clean } from '../show/text.ts'
import { showRelative } from '../show/times.ts'
import { addScheduleCreate } from './schedule-create.ts'
import { addScheduleUpdate } from './schedule-update.ts'

interface ListOptions {
  readonly status?: readonly ScheduleStatus[]
  readonly type?: string
  readonly workflow?: string
  readonly limit: number
  readonly after?: string
}

interface BackfillOptions {
  readonly from: string
  readonly until: string
  readonly maxAtOnce?: number
  readonly idempotencyKey?: string
}

/** `schedule create`, `update`, `preview`, `list`, `get`, `pause`, `resume`, `fire`, `backfill`, `cancel-backfill`, `delete` */
export function addScheduleCommands(schedule: Command, run: RunCall): void {
  addScheduleCreate(schedule, run)
  addScheduleUpdate(schedule, run)
  addReads(schedule, run)
  addSteering(schedule, run)
  addBackfills(schedule, run)
}

function addReads(schedule: Command, run: RunCall): void {
  schedule
    .command('list')
    .alias('ls')
    .description('List schedules, the latest first')
    .option('--status <status>', 'only these, in any case: active,paused', readScheduleStatuses)
    .option('--type <type>', 'only those whose tasks are of this type')
    .option('--workflow <name>', 'only those that start this workflow')
    .option('--limit <count>', 'how many, at most 100', readCount, 20)
    .option('--after <cursor>', 'where the page before ended')
    .action((options: ListOptions) =>
      run(async (call) => {
        await listSchedules(options, call)
      }),
    )
  schedule
    .command('get <id>')
    .description('Show one schedule with its next and last fires')
    .action((id: string) =>
      run(async (call) => {
        const found = await call.client.getSchedule({ id }, signalOf(call))
        if (found === null) throw new NotThere(`There is no schedule ${id}. See: ${call.self} schedule list`)
        if (call.isJson) call.json(found)
        else call.line(showSchedule(found, call.terminal))
      }),
    )
}

function addSteering(schedule: Command, run: RunCall): void {
  schedule
    .command('pause <id>')
    .description('Hold a schedule back until it is resumed')
    .action((id: string) =>
      run(async (call) => {
        const { schedule: now } = unwrap(await call.client.pauseSchedule({ input: { id } }, signalOf(call)))
        if (call.isJson) call.json(now)
        else call.line(`Paused ${call.terminal.colors.bold(id)} ${clean(now.name)}`)
      }),
    )
  schedule
    .command('resume <id>')
    .description('Let a paused schedule go on with its next due time')
    .action((id: string) =>
      run(async (call) => {
        const { schedule: now } = unwrap(await call.client.resumeSchedule({ input: { id } }, signalOf(call)))
        if (call.isJson) call.json(now)
        else call.line(`Goes on: ${call.terminal.colors.bold(id)} ${clean(now.name)}, next at ${now.nextFireAt}`)
      }),
    )
  schedule
    .command('fire <id>')
    .description('Fire a schedule now, whatever its timing says')
    .option('--idempotency-key <key>', 'the same key again answers what was started the first time')
    .action((id: string, options: { idempotencyKey?: string }) =>
      run(async (call) => {
        const { task, run: started } = unwrap(
          await call.client.fireSchedule({ input: { id, ...options } }, signalOf(call)),
        )
        if (call.isJson) call.json(task ?? started)
        else
          call.line(`Fired: ${call.terminal.colors.bold((task ?? started)?.id ?? 'what it started is gone already')}`)
      }),
    )
  schedule
    .command('delete <id>')
    .description('Delete a schedule; what it has started stays')
    .action((id: string) =>
      run(async (call) => {
        const { deletedId } = unwrap(await call.client.deleteSchedule({ input: { id } }, signalOf(call)))
        if (call.isJson) call.json({ deletedId })
        else call.line(`Deleted ${call.terminal.colors.bold(deletedId)}`)
      }),
    )
}

function addBackfills(schedule: Command, run: RunCall): void {
  schedule
    .command('backfill <id>')
    .description('Start what the schedule starts, for due times of the past that have none')
    .requiredOption(
      '--from <time>',
      'the first due time, at the earliest',
      readTime(() => new Date()),
    )
    .requiredOption(
      '--until <time>',
      'the last due time, at the latest',
      readTime(() => new Date()),
    )
    .option('--max-at-once <count>', 'most of its tasks or runs at any time; 1 when absent', readCount)
    .option('--idempotency-key <key>', 'the same key again answers the same backfill')
    .action((scheduleId: string, options: BackfillOptions) =>
      run(async (call) => {
        const input = { scheduleId, ...options }
        tell(unwrap(await call.client.createBackfill({ input }, signalOf(call))).backfill, call)
      }),
    )
  schedule
    .command('cancel-backfill <id>')
    .description('Cancel a backfill; what it has started goes on')
    .action((id: string) =>
      run(async (call) => {
        tell(unwrap(await call.client.cancelBackfill({ input: { id } }, signalOf(call))).backfill, call)
      }),
    )
}

async function listSchedules({ status, type, workflow, limit, after }: ListOptions, call: Call): Promise<void> {
  const filter = {
    ...(status !== undefined && { status: { in: status } }),
    ...(type !== undefined && { taskType: type }),
    ...(workflow !== undefined && { workflow }),
  }
  const page = { filter, first: limit, ...(after !== undefined && { after }) }
  const found = await call.client.listSchedules(page, signalOf(call))
  if (call.isJson) call.json({ schedules: found.nodes, pageInfo: found.pageInfo })
  else showPage(call, found, { columns: columns(call), what: 'schedule', command: 'schedule list' })
}

function columns({ terminal: { now } }: Call): Column<ScheduleSummaryFragment>[] {
  const present = now()
  return [
    { title: 'ID', of: ({ id }) => id },
    { title: 'NAME', of: ({ name }) => clean(name), isFlexible: true },
    { title: 'STATUS', of: ({ status }) => status },
    { title: 'FIRES', of: ({ timing }) => showTiming(timing), isFlexible: true },
    { title: 'STARTS', of: ({ task, workflow }) => clean(task?.type ?? workflow?.name ?? ''), isFlexible: true },
    { title: 'NEXT', of: ({ nextFireAt }) => (nextFireAt === null ? '' : showRelative(nextFireAt, present)) },
  ]
}

function tell(backfill: BackfillFieldsFragment, call: Call): void {
  const { id, status, done, total } = backfill
  if (call.isJson) call.json(backfill)
  else call.line(`Backfill ${call.terminal.colors.bold(id)} ${status}: ${done} of ${total} due times done`)
}
