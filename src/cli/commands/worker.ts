import type { Command } from 'commander'
import type { ListWorkersQuery, WorkerState } from '../../sdk/generated/operations.ts'
import type { Call, RunCall } from '../call.ts'
import { readWorkerState } from '../read/options.ts'
import { paintStatus } from '../show/status.ts'
import { type Column, table } from '../show/table.ts'
import { clean } from '../show/text.ts'
import { showRelative } from '../show/times.ts'

/** `worker list` */
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
}

function columns({ terminal: { colors, now } }: Call): Column<ListWorkersQuery['workers'][number]>[] {
  const present = now()
  return [
    { title: 'ID', of: ({ id }) => id },
    { title: 'NAME', of: ({ name }) => clean(name), isFlexible: true },
    { title: 'STATE', of: ({ state }) => state, paint: (cell, { state }) => paintStatus(cell, state, colors) },
    { title: 'SLOTS', of: ({ slots }) => String(slots) },
    { title: 'HOST', of: ({ host, pid }) => clean(`${host}${pid === null ? '' : `:${pid}`}`), isFlexible: true },
    { title: 'STARTED', of: ({ startedAt }) => showRelative(startedAt, present) },
    { title: 'LAST SIGN', of: ({ heartbeatAt }) => showRelative(heartbeatAt, present) },
    { title: 'TYPES', of: ({ types }) => types.join(', '), isFlexible: true },
  ]
}
