import type { Command } from 'commander'
import type { CreateTriggerInput, TriggeredTaskInput } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { UsageError } from '../exit-code.ts'
import { readDuration } from '../read/durations.ts'
import { collect, readCount, readLabel } from '../read/options.ts'
import { readJson } from '../read/read-json.ts'
import { showTrigger } from '../show/trigger-details.ts'

/** The options that say when a trigger starts something. */
export interface RuleOptions {
  readonly description?: string
  readonly key?: string
  readonly keyPrefix?: string
  readonly condition?: string
  readonly coolDown?: string
  readonly maxPerHour?: number
  readonly maxPerDay?: number
}

/** The options that say what it starts. */
export interface TargetOptions {
  readonly type?: string
  readonly workflow?: string
  readonly workflowVersion?: number
  readonly input?: string
  readonly taskName?: string
  readonly label?: Record<string, string>
  readonly tag?: readonly string[]
  readonly concurrencyKey?: string
  readonly deadlineAfter?: string
}

interface Options extends RuleOptions, TargetOptions {
  readonly name: string
  readonly idempotencyKey?: string
}

const EXAMPLES = `
Examples:
  task-mgmt trigger create --name Ship --key order/paid --workflow ship_order --input '{"order":"\${{ payload.id }}"}'
  task-mgmt trigger create --name Alarm --key-prefix alarm/ --condition 'payload.level > 3.0' --cool-down 10m --type custom
  task-mgmt trigger create --name Index --key file/changed --type code_analysis --input '{"path":"\${{ payload.path }}"}' --max-per-hour 60`

/** `trigger create` */
export function addTriggerCreate(trigger: Command, run: RunCall): void {
  const create = trigger
    .command('create')
    .description('Make a trigger')
    .requiredOption('--name <name>', 'what people call it')
  addTargetOptions(addRuleOptions(create))
    .option('--idempotency-key <key>', 'the same key again answers the same trigger')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) =>
      run(async (call) => {
        const { name, idempotencyKey } = options
        const target = await targetOf(name, options, call)
        if (target === null) throw new UsageError('Say what it starts: give exactly one of --type and --workflow.')
        const input: CreateTriggerInput = {
          name,
          ...ruleOf(options),
          ...target,
          ...(idempotencyKey !== undefined && { idempotencyKey }),
        }
        const signal = { signal: call.terminal.interrupted }
        const { trigger: made } = unwrap(await call.client.createTrigger({ input }, signal))
        if (call.isJson) call.json(made)
        else call.line(showTrigger(made, call.terminal))
      }),
    )
}

export function addRuleOptions(command: Command): Command {
  return command
    .option('--key <key>', 'takes events with this key')
    .option('--key-prefix <prefix>', 'takes events whose keys begin so')
    .option('--condition <cel>', "only events that this holds for: 'payload.total > 100.0'")
    .option('--cool-down <duration>', 'time between two starts', readDuration)
    .option('--max-per-hour <count>', 'most that it starts in any hour', readCount)
    .option('--max-per-day <count>', 'most that it starts in any 24 hours', readCount)
    .option('--description <text>', 'what it is for')
}

export function addTargetOptions(command: Command): Command {
  return command
    .option('--type <type>', 'start tasks of this kind (see: task-mgmt task types)')
    .option('--workflow <name>', 'start runs of this workflow')
    .option(
      '--workflow-version <number>',
      'of this version; without it the newest that is ready when an event comes',
      readCount,
    )
    .option(
      '--input <json>',
      'JSON, @file, or - for the standard input, with ${{ … }} over the event; without it the payload',
    )
    .option('--task-name <name>', 'what its tasks are called; as the trigger without it')
    .option('--label <name=value>', 'to find its tasks by; may be repeated', readLabel)
    .option('--tag <tag>', 'to find its tasks by; may be repeated', collect)
    .option('--concurrency-key <key>', 'its tasks with the same key share a limit')
    .option('--deadline-after <duration>', 'its tasks should end so soon after they are made', readDuration)
}

/** What of the rule is given. */
export function ruleOf(options: RuleOptions): Omit<Partial<CreateTriggerInput>, 'name'> {
  const { description, key, keyPrefix, condition, coolDown, maxPerHour, maxPerDay } = options
  return {
    ...(description !== undefined && { description }),
    ...(key !== undefined && { key }),
    ...(keyPrefix !== undefined && { keyPrefix }),
    ...(condition !== undefined && { condition }),
    ...(coolDown !== undefined && { coolDown }),
    ...(maxPerHour !== undefined && { maxPerHour }),
    ...(maxPerDay !== undefined && { maxPerDay }),
  }
}

/**
 * What it starts, as a whole; null when none of its options is given.
 *
 * @throws UsageError unless exactly one of --type and --workflow is given, with options that go with it
 */
export async function targetOf(
  name: string,
  options: TargetOptions,
  { terminal: { readInput } }: Pick<Call, 'terminal'>,
): Promise<Pick<CreateTriggerInput, 'task' | 'workflow'> | null> {
  const { type, workflow, workflowVersion, input } = options
  const details = taskDetailsOf(options)
  const [detail] = Object.keys(details)
  const isAny = [type, workflow, workflowVersion, input, detail].some((one) => one !== undefined)
  if (!isAny) return null
  if ((type === undefined) === (workflow === undefined))
    throw new UsageError('Say what it starts: give exactly one of --type and --workflow.')
  const same = input === undefined ? {} : { input: await readJson(input, readInput) }
  if (type !== undefined) {
    if (workflowVersion !== undefined) throw new UsageError('A --workflow-version goes with --workflow only.')
    return { task: { name, type, ...same, ...details } }
  }
  if (detail !== undefined)
    throw new UsageError(`A run of a workflow has no ${FLAGS[detail]}: it goes with --type only.`)
  const version = workflowVersion === undefined ? {} : { version: workflowVersion }
  return { workflow: { name: workflow!, ...same, ...version } }
}

const FLAGS: Readonly<Record<string, string>> = {
  name: '--task-name',
  labels: '--label',
  tags: '--tag',
  concurrencyKey: '--concurrency-key',
  deadlineAfter: '--deadline-after',
}

function taskDetailsOf(options: TargetOptions): Partial<TriggeredTaskInput> {
  const { taskName, label, tag, concurrencyKey, deadlineAfter } = options
  return {
    ...(taskName !== undefined && { name: taskName }),
    ...(label !== undefined && { labels: label }),
    ...(tag !== undefined && { tags: tag }),
    ...(concurrencyKey !== undefined && { concurrencyKey }),
    ...(deadlineAfter !== undefined && { deadlineAfter }),
  }
}
