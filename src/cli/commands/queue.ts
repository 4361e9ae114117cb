import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type {
  ConfigureSchedulingInput,
  PauseScope,
  RateLimitInput,
  SchedulingFieldsFragment,
  SchedulingStrategy,
} from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { UsageError } from '../exit-code.ts'
import { readDuration } from '../read/durations.ts'
import { readStrategy } from '../read/options.ts'
import { showPause } from '../show/pause.ts'
import { clean } from '../show/text.ts'
import { showDuration } from '../show/times.ts'
import { addQueueHoldups } from './queue-holdups.ts'
import { addQueueStats } from './queue-stats.ts'

interface ConfigureOptions {
  readonly strategy?: SchedulingStrategy
  readonly ageing?: string
  readonly patience?: number
  readonly weight?: Record<string, number>
  readonly share?: Record<string, number>
  readonly limit?: Record<string, number>
  readonly rate?: readonly RateLimitInput[]
  readonly clearRates?: boolean
}

interface HeldOptions {
  readonly type?: string
  readonly queue?: string
  readonly all?: boolean
  readonly reason?: string
}

const CONFIGURE_HELP = `
Examples:
  task-mgmt queue configure --strategy fair --share ada=3
  task-mgmt queue configure --strategy weighted --weight priority=2 --weight deadline=1
  task-mgmt queue configure --limit 'customer:*=5' --limit customer:42=1
  task-mgmt queue configure --rate type:send_email=50/1s --rate 'key:github:*=5000/1h,100'`

/** `queue show`, `queue stats`, `queue holdups`, `queue configure`, `queue pause`, `queue resume` */
export function addQueueCommands(queue: Command, run: RunCall): void {
  queue
    .command('show')
    .description('Show how waiting tasks are ordered, and what holds them')
    .action(() =>
      run(async (call) => {
        tellScheduling(call, await call.client.readScheduling({}, { signal: call.terminal.interrupted }))
      }),
    )
  addQueueStats(queue, run)
  addQueueHoldups(queue, run)
  queue
    .command('configure')
    .description('Change the order of waiting tasks, the limits of concurrency keys, or the rates of starts')
    .option(
      '--strategy <strategy>',
      'fifo, priority_first, shortest_job_first, deadline_first, weighted, round_robin or fair',
      readStrategy,
    )
    .option(
      '--ageing <duration>',
      'priority_first: what waiting makes up for one step of priority, like 10m',
      readDuration,
    )
    .option('--patience <number>', 'shortest_job_first: how long a long task lets shorter ones pass', readNumber)
    .option('--weight <name=number>', 'weighted: priority, deadline, length or age; may be repeated', readNamed)
    .option('--share <key=number>', 'fair: all shares from now on; may be repeated', readNamed)
    .option(
      '--limit <pattern=number>',
      'tasks of a concurrency key at once: all limits from now on; may be repeated',
      readNamed,
    )
    .option(
      '--rate <rate>',
      'starts of a type or a rate key, like type:send_email=50/1s, and after a comma how many at once: all rates from now on; may be repeated',
      readRate,
    )
    .option('--clear-rates', 'no rates from now on')
    .addHelpText('after', CONFIGURE_HELP)
    .action((options: ConfigureOptions) =>
      run(async (call) => {
        const input = inputOf(options)
        if (Object.keys(input).length === 0)
          throw new UsageError('Say what to change, like --strategy fair. See --help.')
        const { scheduling } = unwrap(
          await call.client.configureScheduling({ input }, { signal: call.terminal.interrupted }),
        )
        tellScheduling(call, scheduling)
      }),
    )
  held(queue.command('pause').description('Let nobody claim some tasks for now; what runs goes on'))
    .option('--reason <text>', 'why: shown beside each task that waits')
    .action((options: HeldOptions) =>
      run(async (call) => {
        const input = { ...scopeOf(options), ...(options.reason !== undefined && { reason: options.reason }) }
        const { pause } = unwrap(await call.client.pauseClaims({ input }, { signal: call.terminal.interrupted }))
        if (call.isJson) call.json(pause)
        else call.line(showPause(pause, call.terminal))
      }),
    )
  held(queue.command('resume').description('Let tasks be claimed again')).action((options: HeldOptions) =>
    run(async (call) => {
      const { scheduling } = unwrap(
        await call.client.resumeClaims({ input: scopeOf(options) }, { signal: call.terminal.interrupted }),
      )
      tellScheduling(call, scheduling)
    }),
  )
}

function held(command: Command): Command {
  return command
    .option('--type <type>', 'tasks of this type')
    .option('--queue <queue>', 'tasks of this queue')
    .option('--all', 'everything')
}

function scopeOf({ type, queue, all }: HeldOptions): { scope: PauseScope; name?: string } {
  const given = [type, queue, all].filter((one) => one !== undefined)
  if (given.length !== 1) throw new UsageError('Say which tasks: --type, --queue or --all.')
  if (type !== undefined) return { scope: 'TYPE', name: type }
  return queue === undefined ? { scope: 'ALL' } : { scope: 'QUEUE', name: queue }
}

function inputOf(options: ConfigureOptions): ConfigureSchedulingInput {
  const { strategy, ageing, patience, weight, share, limit, rate, clearRates } = options
  if (rate !== undefined && clearRates === true) throw new UsageError('--rate and --clear-rates do not go together.')
  return {
    ...(strategy !== undefined && { strategy }),
    ...(ageing !== undefined && { ageing }),
    ...(patience !== undefined && { patience }),
    ...(weight !== undefined && { weights: weight }),
    ...(share !== undefined && { fairnessWeights: Object.entries(share).map(([key, one]) => ({ key, weight: one })) }),
    ...(limit !== undefined && {
      concurrencyLimits: Object.entries(limit).map(([pattern, one]) => ({ pattern, limit: one })),
    }),
    ...((rate !== undefined || clearRates === true) && { rateLimits: rate ?? [] }),
  }
}

function tellScheduling(call: Call, scheduling: SchedulingFieldsFragment): void {
  if (call.isJson) call.json(scheduling)
  else for (const line of showScheduling(scheduling, call)) call.line(line)
}

function showScheduling(scheduling: SchedulingFieldsFragment, call: Call): string[] {
  const { strategy, isReordering, concurrencyLimits, rateLimits, pauses } = scheduling
  const row = (label: string, text: string) => `${label.padEnd(12)}${text}`
  return [
    row('Strategy', `${strategy}${detailOf(scheduling)}${isReordering ? ' (re-ordering what waits)' : ''}`),
    ...concurrencyLimits.map(({ pattern, limit }) => row('Limit', `${clean(pattern)}: ${limit} at once`)),
    ...rateLimits.map((rate) => row('Rate', showRate(rate))),
    ...pauses.map((pause) => row('Paused', showPause(pause, call.terminal))),
  ]
}

function showRate({
  type,
  keyPattern,
  tokens,
  interval,
  burst,
}: SchedulingFieldsFragment['rateLimits'][number]): string {
  const what = type === null ? `key ${clean(keyPattern ?? '')}` : `type ${clean(type)}`
  return `${what}: ${tokens} in ${showDuration(interval)}, ${burst} at once`
}

function detailOf({ strategy, ageing, patience, weights, fairnessWeights }: SchedulingFieldsFragment): string {
  switch (strategy) {
    case 'PRIORITY_FIRST':
      return `, ${showDuration(ageing)} of waiting for one step`
    case 'SHORTEST_JOB_FIRST':
      return `, patience ${patience}`
    case 'WEIGHTED':
      return `, ${weights.priority} priority, ${weights.deadline} deadline, ${weights.length} length, ${weights.age} age`
    case 'FAIR':
      return fairnessWeights.map(({ key, weight }) => `, ${clean(key)} ${weight}`).join('')
    default:
      return ''
  }
}

function readNumber(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('Write a number.')
  return number
}

/** `name=number`, several times; the last = counts, so that keys may hold others. */
function readNamed(text: string, before: Record<string, number> = {}): Record<string, number> {
  const cut = text.lastIndexOf('=')
  if (cut < 1) throw new InvalidArgumentError('Write it as name=number.')
  return { ...before, [text.slice(0, cut)]: readNumber(text.slice(cut + 1)) }
}

const RATE = /^(type|key):(.+)=(\d+)\/([^/,]+?)(?:,(\d+))?$/

/** `type:name=tokens/interval` or `key:pattern=tokens/interval`, with `,burst` where that differs; several times. */
function readRate(text: string, before: readonly RateLimitInput[] = []): readonly RateLimitInput[] {
  const [, kind, name, tokens, interval, burst] = RATE.exec(text) ?? []
  if (name === undefined || tokens === undefined || interval === undefined)
    throw new InvalidArgumentError('Write it as type:send_email=50/1s or key:github:*=5000/1h,100.')
  const about = kind === 'type' ? { type: name } : { keyPattern: name }
  const rate = { ...about, tokens: Number(tokens), interval: readDuration(interval) }
  return [...before, burst === undefined ? rate : { ...rate, burst: Number(burst) }]
}
