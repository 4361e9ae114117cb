import type { Command } from 'commander'
import type {
  CreateScheduleInput,
  MissedPolicy,
  OverlapPolicy,
  ScheduledTaskInput,
  TimingInput,
} from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import { type Call, type RunCall, signalOf } from '../call.ts'
import { UsageError } from '../exit-code.ts'
import { readDuration, readTime } from '../read/durations.ts'
import { collect, readCount, readLabel, readMissedPolicy, readOverlapPolicy, readWeekdays } from '../read/options.ts'
import { readJson } from '../read/read-json.ts'
import { showSchedule } from '../show/schedule-details.ts'

/** The options that say when a schedule fires. */
export interface TimingOptions {
  readonly cron?: string
  readonly every?: string
  readonly anchor?: string
  readonly rrule?: string
  readonly timeZone?: string
  readonly excludeDate?: readonly string[]
  readonly excludeWeekday?: NonNullable<NonNullable<TimingInput['exclude']>['weekdays']>
}

/** The options that say the rest of a schedule and of what it starts. */
export interface DetailOptions {
  readonly input?: string
  readonly dueAtField?: string
  readonly description?: string
  readonly label?: Record<string, string>
  readonly tag?: readonly string[]
  readonly deadlineAfter?: string
  readonly jitter?: string
  readonly missed?: MissedPolicy
  readonly missedCap?: number
  readonly overlap?: OverlapPolicy
}

interface Options extends TimingOptions, DetailOptions {
  readonly name: string
  readonly type?: string
  readonly workflow?: string
  readonly workflowVersion?: number
  readonly idempotencyKey?: string
}

const EXAMPLES = `
Examples:
  task-mgmt schedule create --name Nightly --cron '30 2 * * *' --time-zone Europe/Berlin --type testing
  task-mgmt schedule create --name Poll --every 90s --type monitoring --overlap skip --input '{"site":"example.org"}'
  task-mgmt schedule create --name Import --cron '0 * * * *' --workflow import_orders --due-at-field hour --input '{"shop":1}'
  task-mgmt schedule create --name Report --rrule 'DTSTART:20270101T090000\\nRRULE:FREQ=MONTHLY;BYDAY=-1FR' --type custom`

/** `schedule create`, `schedule preview` */
export function addScheduleCreate(schedule: Command, run: RunCall): void {
  const create = schedule
    .command('create')
    .description('Make a schedule')
    .requiredOption('--name <name>', 'what people call it; its tasks too')
    .option('--type <type>', 'start tasks of this kind (see: task-mgmt task types)')
    .option('--workflow <name>', 'start runs of this workflow')
    .option(
      '--workflow-version <number>',
      'of this version; without it the newest that is ready at each fire',
      readCount,
    )
  addDetailOptions(addTimingOptions(create))
    .option('--idempotency-key <key>', 'the same key again answers the same schedule')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) =>
      run(async (call) => {
        const input = await inputOf(options, call)
        const { schedule: made } = unwrap(await call.client.createSchedule({ input }, signalOf(call)))
        if (call.isJson) call.json(made)
        else call.line(showSchedule(made, call.terminal))
      }),
    )
  addTimingOptions(schedule.command('preview').description('Show when a timing would fire, without making anything'))
    .option('--count <count>', 'how many, at most 100', readCount, 10)
    .option(
      '--after <time>',
      'after this: 2030-01-31T08:00:00Z, or from now like 10d',
      readTime(() => new Date()),
    )
    .action(({ count, after, ...timing }: TimingOptions & { count: number; after?: string }) =>
      run(async (call) => {
        const asked = { timing: timingOf(timing), count, ...(after !== undefined && { after }) }
        const { fires } = unwrap(await call.client.previewSchedule(asked, signalOf(call)))
        if (call.isJson) call.json(fires)
        else call.line(fires.join('\n'))
      }),
    )
}

/** @throws UsageError unless exactly one of --cron, --every and --rrule is given */
export function timingOf(options: TimingOptions): TimingInput {
  const { cron, every, anchor, rrule, timeZone, excludeDate, excludeWeekday } = options
  if ([cron, every, rrule].filter((one) => one !== undefined).length !== 1) {
    throw new UsageError('Say when it fires: give exactly one of --cron, --every and --rrule.')
  }
  const exclude = { ...daysOf(excludeDate ?? []), ...(excludeWeekday !== undefined && { weekdays: excludeWeekday }) }
  return {
    ...(cron !== undefined && { cron }),
    ...(every !== undefined && { interval: { every, ...(anchor !== undefined && { anchor }) } }),
    ...(rrule !== undefined && { rrule: rrule.replaceAll('\\n', '\n') }),
    ...(timeZone !== undefined && { timeZone }),
    ...(Object.keys(exclude).length > 0 && { exclude }),
  }
}

export function addDetailOptions(command: Command): Command {
  return command
    .option('--input <json>', 'what to work on: JSON, @file, or - for the standard input')
    .option('--due-at-field <field>', 'the field of the input that takes the due time')
    .option('--description <text>', 'what it is for')
    .option('--label <name=value>', 'to find its tasks by; may be repeated', readLabel)
    .option('--tag <tag>', 'to find its tasks by; may be repeated', collect)
    .option('--deadline-after <duration>', 'its tasks should end so soon after they are made', readDuration)
    .option('--jitter <duration>', 'each fire acts up to so much later', readDuration)
    .option('--missed <policy>', 'due times that passed without a scheduler: skip, once or all', readMissedPolicy)
    .option('--missed-cap <count>', 'most that --missed all makes up for', readCount)
    .option('--overlap <policy>', 'while the task before it runs: allow, skip, queue or cancel', readOverlapPolicy)
}

export function addTimingOptions(command: Command): Command {
  return command
    .option('--cron <expression>', "five fields, or six with seconds first: '30 2 * * *'")
    .option('--every <duration>', 'again and again after the same time: 90s, 12h', readDuration)
    .option(
      '--anchor <time>',
      'with --every: the first fire',
      readTime(() => new Date()),
    )
    .option('--rrule <lines>', 'DTSTART and RRULE of RFC 5545, separated by \\n')
    .option('--time-zone <zone>', 'whose clock counts, like Europe/Berlin; UTC when absent')
    .option('--exclude-date <day>', 'no fire on 2026-12-25, or 2026-12-24..2027-01-01; may be repeated', collect)
    .option('--exclude-weekday <days>', 'no fire on these: saturday,sunday', readWeekdays)
}

function daysOf(texts: readonly string[]) {
  const ranges = texts.flatMap((text) => {
    const [from, until] = text.split('..')
    return until === undefined ? [] : [{ from: from!, until }]
  })
  const dates = texts.filter((text) => !text.includes('..'))
  return { ...(dates.length > 0 && { dates }), ...(ranges.length > 0 && { ranges }) }
}

async function inputOf(options: Options, { terminal }: Call): Promise<CreateScheduleInput> {
  const { name, description, jitter, missedCap } = options
  return {
    name,
    timing: timingOf(options),
    ...(await targetOf(options, terminal)),
    ...(description !== undefined && { description }),
    ...(jitter !== undefined && { jitter }),
    ...(options.missed !== undefined && { missedPolicy: options.missed }),
    ...(missedCap !== undefined && { missedCap }),
    ...(options.overlap !== undefined && { overlapPolicy: options.overlap }),
    ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
  }
}

/** @throws UsageError unless exactly one of --type and --workflow is given, with options that go with it */
async function targetOf(
  options: Options,
  { readInput }: Call['terminal'],
): Promise<Pick<CreateScheduleInput, 'task' | 'workflow'>> {
  const { name, type, workflow, workflowVersion, input, dueAtField } = options
  if ((type === undefined) === (workflow === undefined))
    throw new UsageError('Say what it starts: give exactly one of --type and --workflow.')
  const same = {
    ...(input !== undefined && { input: await readJson(input, readInput) }),
    ...(dueAtField !== undefined && { dueAtField }),
  }
  if (type !== undefined) {
    if (workflowVersion !== undefined) throw new UsageError('A --workflow-version goes with --workflow only.')
    return { task: { name, type, ...same, ...taskDetailsOf(options) } }
  }
  refuseTaskOptions(options)
  return { workflow: { name: workflow!, ...same, ...(workflowVersion !== undefined && { version: workflowVersion }) } }
}

function taskDetailsOf({ label, tag, deadlineAfter }: DetailOptions): Partial<ScheduledTaskInput> {
  return {
    ...(label !== undefined && { labels: label }),
    ...(tag !== undefined && { tags: tag }),
    ...(deadlineAfter !== undefined && { deadlineAfter }),
  }
}

/** @throws UsageError when an option is given that only tasks have */
export function refuseTaskOptions(options: DetailOptions): void {
  const [given] = Object.keys(taskDetailsOf(options))
  if (given === undefined) return
  const flag = { labels: '--label', tags: '--tag', deadlineAfter: '--deadline-after' }[given]
  throw new UsageError(`A run of a workflow has no ${flag}: it goes with --type only.`)
}
