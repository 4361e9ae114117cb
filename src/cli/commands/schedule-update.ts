import type { Command } from 'commander'
import type {
  ScheduleDetailsFragment,
  ScheduledTaskChangesInput,
  TimingInput,
  UpdateScheduleInput,
} from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { NotThere, UsageError } from '../exit-code.ts'
import { readJson } from '../read/read-json.ts'
import { showSchedule } from '../show/schedule-details.ts'
import {
  addDetailOptions,
  addTimingOptions,
  type DetailOptions,
  type TimingOptions,
  timingOf,
} from './schedule-create.ts'

type Options = TimingOptions & DetailOptions & { readonly name?: string; readonly type?: string }

const EXAMPLES = `
What is not named stays. --label, --tag and --exclude-* replace all that there were; an empty --description takes it away.

Examples:
  task-mgmt schedule update schedule_01h455vb4pex5vsknk084sn02q --cron '0 3 * * *'
  task-mgmt schedule update schedule_01h455vb4pex5vsknk084sn02q --overlap skip --input '{"site":"example.org"}'`

/** `schedule update` */
export function addScheduleUpdate(schedule: Command, run: RunCall): void {
  const update = schedule
    .command('update <id>')
    .description('Change a schedule; what it has started stays as it is')
    .option('--name <name>', 'what people call it; its tasks too')
    .option('--type <type>', 'the kind of work (see: task-mgmt task types)')
  addDetailOptions(addTimingOptions(update))
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: Options) =>
      run(async (call) => {
        const signal = { signal: call.terminal.interrupted }
        const input = await changesOf(id, options, call)
        if (Object.keys(input).length === 1)
          throw new UsageError("Say what to change, like --cron '0 3 * * *'. See --help.")
        const { schedule: now } = unwrap(await call.client.updateSchedule({ input }, signal))
        if (call.isJson) call.json(now)
        else call.line(showSchedule(now, call.terminal))
      }),
    )
}

async function changesOf(id: string, options: Options, call: Call): Promise<UpdateScheduleInput> {
  const { name, description, jitter, missed, missedCap, overlap } = options
  const timing = await newTiming(id, options, call)
  const taskChanges = await changesOfTask(options, call)
  return {
    id,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description: description === '' ? null : description }),
    ...(timing !== null && { timing }),
    ...(jitter !== undefined && { jitter }),
    ...(missed !== undefined && { missedPolicy: missed }),
    ...(missedCap !== undefined && { missedCap }),
    ...(overlap !== undefined && { overlapPolicy: overlap }),
    ...(Object.keys(taskChanges).length > 0 && { taskChanges }),
  }
}

async function changesOfTask(options: Options, { terminal }: Call): Promise<ScheduledTaskChangesInput> {
  const { name, type, input, dueAtField, label, tag, deadlineAfter } = options
  return {
    ...(name !== undefined && { name }),
    ...(type !== undefined && { type }),
    ...(input !== undefined && { input: await readJson(input, terminal.readInput) }),
    ...(dueAtField !== undefined && { dueAtField }),
    ...(label !== undefined && { labels: label }),
    ...(tag !== undefined && { tags: tag }),
    ...(deadlineAfter !== undefined && { deadlineAfter }),
  }
}

/** A timing is replaced as a whole: what is not named is read first. null when nothing of it is to change. */
async function newTiming(id: string, options: Options, { client, terminal, self }: Call): Promise<TimingInput | null> {
  const { cron, every, anchor, rrule, timeZone, excludeDate, excludeWeekday } = options
  const named = [cron, every, anchor, rrule, timeZone, excludeDate, excludeWeekday]
  if (named.every((one) => one === undefined)) return null
  const found = await client.getSchedule({ id }, { signal: terminal.interrupted })
  if (found === null) throw new NotThere(`There is no schedule ${id}. See: ${self} schedule list`)
  return { ...presentTiming(found.timing, options), ...givenTiming(found.timing, options) }
}

function givenTiming({ every: before }: ScheduleDetailsFragment['timing'], options: Options): Partial<TimingInput> {
  const { cron, every, anchor, rrule } = options
  if (anchor !== undefined && every === undefined) {
    if (before === null || cron !== undefined || rrule !== undefined)
      throw new UsageError('An --anchor goes with --every only.')
    return timingOf({ ...options, every: before })
  }
  const isNew = [cron, every, rrule].some((one) => one !== undefined)
  if (isNew) return timingOf(options)
  // Only the zone or the days: what stands for the rest is left out again.
  const { cron: _, ...rest } = timingOf({ ...options, cron: '* * * * *' })
  return rest
}

/** What stays of the timing: the rule when no other is given, the zone, the days without a fire. */
function presentTiming(timing: ScheduleDetailsFragment['timing'], { cron, every, rrule }: Options): TimingInput {
  const { exclude } = timing
  const isReplaced = [cron, every, rrule].some((one) => one !== undefined)
  const rule: TimingInput = isReplaced
    ? {}
    : {
        ...(timing.cron !== null && { cron: timing.cron }),
        ...(timing.every !== null && {
          interval: { every: timing.every, ...(timing.anchor !== null && { anchor: timing.anchor }) },
        }),
        ...(timing.rrule !== null && { rrule: timing.rrule }),
      }
  return {
    ...rule,
    timeZone: timing.timeZone,
    ...(exclude !== null && {
      exclude: {
        dates: [...exclude.dates],
        weekdays: [...exclude.weekdays] as NonNullable<NonNullable<TimingInput['exclude']>['weekdays']>,
        ranges: exclude.ranges.map(({ from, until }) => ({ from, until })),
      },
    }),
  }
}
