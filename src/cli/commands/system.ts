import type { Command } from 'commander'
import type { GetHealthQuery } from '../../sdk/generated/operations.ts'
import type { Call, RunCall } from '../call.ts'
import { EXIT_CODES } from '../exit-code.ts'
import { paintStatus } from '../show/status.ts'
import { clean, pad } from '../show/text.ts'
import { showDuration } from '../show/times.ts'

const COUNTED = ['PENDING', 'SCHEDULED', 'READY', 'RUNNING', 'RETRYING', 'WAITING', 'PAUSED', 'FAILED'] as const

/** `system status`, `system health` */
export function addSystemCommands(system: Command, run: RunCall): void {
  system
    .command('status')
    .description('Show who you are, which workers are there, and how many tasks stand where')
    .action(() =>
      run(async (call) => {
        await showStatus(call)
      }),
    )
  system
    .command('health')
    .description('Check what the server needs; exits with 3 when something is wrong')
    .action(() =>
      run(async (call) => {
        const health = await call.client.getHealth({}, { signal: call.terminal.interrupted })
        if (call.isJson) call.json(health)
        else call.line(showHealth(health, call))
        return health.status === 'OK' ? EXIT_CODES.ok : EXIT_CODES.refused
      }),
    )
}

async function showStatus(call: Call): Promise<void> {
  const { client, terminal } = call
  const { colors } = terminal
  const options = { signal: terminal.interrupted }
  const [health, viewer, workers, ...counts] = await Promise.all([
    client.getHealth({}, options),
    client.getViewer({}, options),
    client.listWorkers({ state: 'ACTIVE' }, options),
    ...COUNTED.map((status) => client.countTasks({ filter: { status: { eq: status } } }, options)),
  ])
  const tasks = Object.fromEntries(COUNTED.map((status, index) => [status, counts[index]!.totalCount]))
  if (call.isJson) return call.json({ health, viewer, workers, tasks })
  const slots = workers.reduce((sum, worker) => sum + worker.slots, 0)
  const rows: readonly (readonly [string, string])[] = [
    [
      'Server',
      `${paintStatus(health.status, health.status, colors)}, version ${health.version}, up ${showDuration(health.uptime)}`,
    ],
    ['You', `${clean(viewer.name)} (${viewer.role})`],
    [
      'Workers',
      workers.length === 0 ? colors.yellow('none: nothing will run') : `${workers.length} active, ${slots} slots`,
    ],
    ...COUNTED.map((status) => [capitalised(status), String(tasks[status])] as const),
  ]
  call.line(rows.map(([label, value]) => `${pad(colors.dim(label), 11)}${value}`).join('\n'))
}

function showHealth(
  { status, version, uptime, checks }: GetHealthQuery['health'],
  { terminal: { colors } }: Call,
): string {
  return [
    `${paintStatus(status, status, colors)} task-mgmt ${version}, up ${showDuration(uptime)}`,
    ...checks.map(({ name, isHealthy, latency, message }) => {
      const mark = isHealthy ? colors.green('✓') : colors.red('✗')
      return `${mark} ${name} ${colors.dim(showDuration(latency))}${message === null ? '' : ` ${clean(message)}`}`
    }),
  ].join('\n')
}

function capitalised(text: string): string {
  return text.charAt(0) + text.slice(1).toLowerCase()
}
