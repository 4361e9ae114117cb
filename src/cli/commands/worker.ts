import type { Command } from 'commander'
import type { WorkerFieldsFragment, WorkerState } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { NotThere } from '../exit-code.ts'
import { readWorkerState } from '../read/options.ts'
import { showUse } from '../show/resources.ts'
import { paintStatus } from '../show/status.ts'
import { type Column, table } from '../show/table.ts'
import { clean } from '../show/text.ts'
import { showRelative } from '../show/times.ts'

/** `worker list`, `worker get`, `worker drain` */
export function addWorkerCommands(worker: Command, run: RunCall): void {
  worker
    .command('list')
    .alias('ls')
    .description('List the workers, the latest started first')
    .option('--state <state>', 'only active, draining, lost or stopped', readWorkerState)
    .action(({ state }: { state?: WorkerState }) =>
      run(async (call) => {
        const filter = state === undefined ? {} : { state }
        const workers = await call.client.listWorkers(filter, { signal: call.terminal.interrupted })
        if (call.isJson) call.json(workers)
        else call.line(workers.length === 0 ? 'No worker.' : table(columns(call), workers, call.terminal))
      }),
    )
  worker
    .command('get <id>')
    .description('Show one worker')
    .action((id: string) =>
      run(async (call) => {
        const found = await call.client.getWorker({ id }, { signal: call.terminal.interrupted })
        if (found === null) throw new NotThere(`There is no worker ${id}. See: ${call.self} worker list`)
        if (call.isJson) call.json(found)
        else call.line(details(call, found))
      }),
    )
  worker
    .command('drain <id>')
    .description(
      'Let a worker finish what it holds and claim no more; its process ends then if it is one of task-mgmt/worker',
    )
    .action((id: string) =>
      run(async (call) => {
        const { worker: now } = unwrap(
          await call.client.drainWorker({ input: { id } }, { signal: call.terminal.interrupted }),
        )
        if (call.isJson) call.json(now)
        else
          call.line(
            `${now.state === 'DRAINING' ? 'Drains' : `Is ${now.state}`}: ${now.id} ${clean(now.name)}, ${now.leases} held`,
          )
      }),
    )
}

function details({ terminal: { colors, now } }: Call, worker: WorkerFieldsFragment): string {
  const present = now()
  const { pid, version, queues, labels, stoppedAt } = worker
  const rows: [string, string | null][] = [
    ['state', paintStatus(worker.state, worker.state, colors)],
    ['holds', `${worker.leases} of ${worker.slots}`],
    ['in use', showUse(worker.usage, worker.capacity) || null],
    ['types', worker.types.map(clean).join(', ')],
    ['queues', queues.join() === 'default' ? null : queues.map(clean).join(', ')],
    ['labels', JSON.stringify(labels) === '{}' ? null : clean(JSON.stringify(labels))],
    ['host', clean(`${worker.host}${pid === null ? '' : `:${pid}`}`)],
    ['version', version === null ? null : clean(version)],
    ['lease', worker.lease],
    ['started', showRelative(worker.startedAt, present)],
    ['last sign', showRelative(worker.heartbeatAt, present)],
    ['stopped', stoppedAt === null ? null : showRelative(stoppedAt, present)],
  ]
  const lines = rows.flatMap(([title, text]) => (text === null ? [] : [`  ${title.padEnd(10)} ${text}`]))
  return [`${colors.bold(worker.id)} ${clean(worker.name)}`, ...lines].join('\n')
}

function columns({ terminal: { colors, now } }: Call): Column<WorkerFieldsFragment>[] {
  const present = now()
  return [
    { title: 'ID', of: ({ id }) => id },
    { title: 'NAME', of: ({ name }) => clean(name), isFlexible: true },
    { title: 'STATE', of: ({ state }) => state, paint: (cell, { state }) => paintStatus(cell, state, colors) },
    { title: 'HOLDS', of: ({ leases, slots }) => `${leases}/${slots}` },
    { title: 'IN USE', of: ({ usage, capacity }) => showUse(usage, capacity), isFlexible: true },
    { title: 'HOST', of: ({ host, pid }) => clean(`${host}${pid === null ? '' : `:${pid}`}`), isFlexible: true },
    { title: 'STARTED', of: ({ startedAt }) => showRelative(startedAt, present) },
    { title: 'LAST SIGN', of: ({ heartbeatAt }) => showRelative(heartbeatAt, present) },
    { title: 'TYPES', of: ({ types }) => types.join(', '), isFlexible: true },
  ]
}
