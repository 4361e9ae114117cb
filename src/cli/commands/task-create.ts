import type { Command } from 'commander'
import type { CreateTaskInput, TaskDetailsFragment, TaskPriority } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { UsageError } from '../exit-code.ts'
import { readDuration, readTime } from '../read/durations.ts'
import { collect, readCount, readLabel, readPriority } from '../read/options.ts'
import { readJson } from '../read/read-json.ts'
import {
  type NamedAmount,
  type Preferred,
  readAmount,
  readMegabytes,
  readNamedAmount,
  readPreference,
} from '../read/resources.ts'
import { paintStatus } from '../show/status.ts'
import { clean } from '../show/text.ts'
import { watchToEnd } from '../watch/watch-to-end.ts'

interface Options {
  readonly name: string
  readonly type: string
  readonly input?: string
  readonly description?: string
  readonly priority?: TaskPriority
  readonly label?: Record<string, string>
  readonly tag?: readonly string[]
  readonly dependsOn?: readonly string[]
  readonly scheduledFor?: string
  readonly deadline?: string
  readonly selector?: string
  readonly prefer?: readonly Preferred[]
  readonly preferFor?: string
  readonly cpu?: number
  readonly memory?: number
  readonly gpu?: number
  readonly disk?: number
  readonly resource?: readonly NamedAmount[]
  readonly timeout?: string
  readonly maxAttempts?: number
  readonly queue?: string
  readonly rateKey?: string
  readonly idempotencyKey?: string
  readonly uniqueKey?: string
  readonly throttle?: string
  readonly debounce?: string
  readonly watch?: boolean
}

const EXAMPLES = `
Examples:
  task-mgmt task create --name Analysis --type code_analysis --input '{"path":"src"}' --watch
  task-mgmt task create --name Nightly --type testing --input @tests.json --scheduled-for 8h --tag nightly
  echo '{"path":"src"}' | task-mgmt task create --name Piped --type code_analysis --input -`

/** `task create` */
export function addTaskCreate(task: Command, run: RunCall): void {
  const command = task
    .command('create')
    .description('Make a task')
    .requiredOption('--name <name>', 'what people call it')
    .requiredOption('--type <type>', 'the kind of work (see: task-mgmt task types)')
    .option('--input <json>', 'what to work on: JSON, @file, or - for the standard input')
    .option('--description <text>', 'what it is for')
    .option('--priority <priority>', 'critical, high, medium, low or background', readPriority)
    .option('--label <name=value>', 'to find it by; may be repeated', readLabel)
    .option('--tag <tag>', 'to find it by; may be repeated', collect)
    .option('--depends-on <id>', 'a task that must succeed first; may be repeated', collect)
    .option(
      '--scheduled-for <time>',
      'not before: 2030-01-31T08:00:00Z, or from now like 10m',
      readTime(() => new Date()),
    )
    .option(
      '--deadline <time>',
      'when it should have ended',
      readTime(() => new Date()),
    )
    .option('--selector <labels>', 'labels that its worker must have, like gpu,region=eu')
    .option('--prefer <labels[*weight]>', 'labels that its worker had better have; may be repeated', readPreference)
    .option('--prefer-for <duration>', 'how long it waits for such a worker; 5s without', readDuration)
    .option('--cpu <cores>', 'processor cores that it takes of its worker', readAmount)
    .option('--memory <size>', 'memory that it takes: megabytes, or like 8G', readMegabytes)
    .option('--gpu <count>', 'graphics processors that it takes', readAmount)
    .option('--disk <size>', 'disk space that it takes: megabytes, or like 100G', readMegabytes)
    .option('--resource <name=amount>', 'what else it takes; may be repeated', readNamedAmount)
    .option('--timeout <duration>', 'longest run of one attempt, like 30s or 2h', readDuration)
    .option('--max-attempts <count>', 'how often it is tried', readCount)
    .option('--queue <name>', 'the queue that it waits in; default without')
    .option('--rate-key <key>', 'tasks with the same key start as often as its rate says')
    .option('--idempotency-key <key>', 'the same key again answers the same task')
    .option('--unique-key <key>', 'only when no task of the type with this key is open')
    .option('--throttle <period>', 'with --unique-key: at most one in this time, like 30s', readDuration)
    .option('--debounce <period>', 'with --unique-key: once nobody has asked again for this time', readDuration)
    .option('-w, --watch', 'show its progress until it has ended')
    .addHelpText('after', EXAMPLES)
  command.action((options: Options) =>
    run(async (call) => {
      const input = await inputOf(options, call)
      const { task: made, wasCreated } = unwrap(
        await call.client.createTask({ input }, { signal: call.terminal.interrupted }),
      )
      if (options.watch === true) return watchToEnd(call, made.id)
      if (call.isJson) call.json({ ...made, wasCreated })
      else call.line(showMade(made, wasCreated, call))
      return undefined
    }),
  )
}

async function inputOf(options: Options, { terminal }: Call): Promise<CreateTaskInput> {
  const {
    input,
    label,
    tag,
    dependsOn,
    timeout,
    maxAttempts,
    uniqueKey,
    throttle,
    debounce,
    selector,
    prefer,
    preferFor,
    cpu,
    memory,
    gpu,
    disk,
    resource,
    watch: _,
    ...same
  } = options
  const resources = {
    ...(cpu !== undefined && { cpuCores: cpu }),
    ...(memory !== undefined && { memoryMb: memory }),
    ...(gpu !== undefined && { gpu }),
    ...(disk !== undefined && { diskMb: disk }),
    ...(resource !== undefined && { custom: resource }),
  }
  return {
    ...same,
    ...(input !== undefined && { input: await readJson(input, terminal.readInput) }),
    ...(label !== undefined && { labels: label }),
    ...(tag !== undefined && { tags: tag }),
    ...(dependsOn !== undefined && { dependsOn: dependsOn.map((taskId) => ({ taskId })) }),
    ...(timeout !== undefined && { timeouts: { attempt: timeout } }),
    ...(selector !== undefined && { workerSelector: selector }),
    ...(prefer !== undefined && { workerPreferences: prefer }),
    ...(preferFor !== undefined && { preferenceGrace: preferFor }),
    ...(Object.keys(resources).length > 0 && { resources }),
    ...(maxAttempts !== undefined && { retry: { maxAttempts } }),
    ...uniqueOf({ uniqueKey, throttle, debounce }),
  }
}

function uniqueOf({
  uniqueKey,
  throttle,
  debounce,
}: Pick<Options, 'uniqueKey' | 'throttle' | 'debounce'>): Pick<CreateTaskInput, 'unique'> {
  if (uniqueKey === undefined) {
    if (throttle === undefined && debounce === undefined) return {}
    throw new UsageError('--throttle and --debounce go with --unique-key.')
  }
  if (throttle !== undefined && debounce !== undefined)
    throw new UsageError('--throttle and --debounce do not go together.')
  if (throttle !== undefined) return { unique: { key: uniqueKey, mode: 'THROTTLE', period: throttle } }
  if (debounce !== undefined) return { unique: { key: uniqueKey, mode: 'DEBOUNCE', period: debounce } }
  return { unique: { key: uniqueKey, mode: 'SINGLETON' } }
}

function showMade(
  { id, status, blockedBy }: TaskDetailsFragment,
  wasCreated: boolean,
  { terminal: { colors }, self }: Call,
): string {
  return [
    `${wasCreated ? 'Created' : 'Stands already:'} ${colors.bold(id)} ${paintStatus(status, status, colors)}`,
    ...blockedBy.map(({ message }) => `  ${colors.yellow('waits:')} ${clean(message)}`),
    colors.dim(`Watch it: ${self} task watch ${id}`),
  ].join('\n')
}
