import type { Command } from 'commander'
import type {
  ScheduleDetailsFragment,
  ScheduledRunChangesInput,
  ScheduledTaskChangesInput,
  TimingInput,
  UpdateScheduleInput,
} from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { NotThere, UsageError } from '../exit-code.ts'
import { readCount } from '../read/options.ts'
import { readJson } from '../read/read-json.ts'
import { showSchedule } from '../show/schedule-details.ts'
import {
  addDetailOptions,
  addTimingOptions,
  type DetailOptions,
  refuseTaskOptions,
  type TimingOptions,
  timingOf,
} from './schedule-create.ts'

interface Options extends TimingOptions, DetailOptions {
  readonly name?: string
  readonly type?: string
  readonly workflow?: string
  readonly workflowVersion?: number
}

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
    .option('--type <type>', 'start tasks of this kind (see: task-mgmt task types)')
    .option('--workflow <name>', 'start runs of this workflow')
    .option('--workflow-version <number>', 'of this version', readCount)
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
  const target = await changesOfTarget(id, options, call)
  return {
    id,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description: description === '' ? null : description }),
    ...(timing !== null && { timing }),
    ...(jitter !== undefined && { jitter }),
    ...(missed !== undefined && { missedPolicy: missed }),
    ...(missedCap !== undefined && { missedCap }),
    ...(overlap !== undefined && { overlapPolicy: overlap }),
    ...target,
  }
}

type TargetChanges = Pick<UpdateScheduleInput, 'task' | 'taskChanges' | 'workflow' | 'workflowChanges'>

/** What it starts stays of its kind unless --type or --workflow names the other: that is then replaced as a whole. */
async function changesOfTarget(id: string, options: Options, call: Call): Promise<TargetChanges> {
  const { name, type, workflow, workflowVersion, ...details } = options
  if (type !== undefined && (workflow !== undefined || workflowVersion !== undefined))
    throw new UsageError('Give --type or --workflow, not both.')
  const named = [name, type, workflow, workflowVersion, details.input, details.dueAtField]
  const ofTasks = [details.label, details.tag, details.deadlineAfter]
  if ([...named, ...ofTasks].every((one) => one === undefined)) return {}
  const found = await call.client.getSchedule({ id }, { signal: call.terminal.interrupted })
  if (found === null) throw new NotThere(`There is no schedule ${id}. See: ${call.self} schedule list`)
  const isOfTasks = type !== undefined || (workflow === undefined && found.task !== null)
  if (isOfTasks) {
    if (workflowVersion !== undefined) throw new UsageError('A --workflow-version goes with --workflow only.')
    const changes = await changesOfTask(options, call)
    return found.task === null
      ? { task: { ...changes, name: name ?? found.name, type: type! } }
      : { taskChanges: changes }
  }
  refuseTaskOptions(options)
  const changes = await changesOfRun(options, call)
  if (Object.keys(changes).length === 0) return {}
  return found.workflow === null ? { workflow: { ...changes, name: workflow! } } : { workflowChanges: changes }
}

async function changesOfRun(options: Options, { terminal }: Call): Promise<ScheduledRunChangesInput> {
  const { workflow, workflowVersion, input, dueAtField } = options
  return {
    ...(workflow !== undefined && { name: workflow }),
    ...(workflowVersion !== undefined && { version: workflowVersion }),
    ...(input !== undefined && { input: await readJson(input, terminal.readInput) }),
    ...(dueAtField !== undefined && { dueAtField }),
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
