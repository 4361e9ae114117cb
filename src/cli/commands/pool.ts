import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { PoolFieldsFragment } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { type Column, table } from '../show/table.ts'
import { clean } from '../show/text.ts'

/** `pool list`, `pool set` */
export function addPoolCommands(pool: Command, run: RunCall): void {
  pool
    .command('list')
    .alias('ls')
    .description('List the pools, with what is taken of them')
    .action(() =>
      run(async (call) => {
        const pools = await call.client.listPools({}, { signal: call.terminal.interrupted })
        if (call.isJson) call.json(pools)
        else call.line(pools.length === 0 ? 'No pool.' : show(pools, call))
      }),
    )
  pool
    .command('set <name> <capacity>')
    .description('Make a pool, or change how many slots it has')
    .option('--description <text>', 'what it stands for')
    .addHelpText('after', '\nExample:\n  task-mgmt pool set gpu 4')
    .action((name: string, capacity: string, options: { description?: string }) =>
      run(async (call) => {
        const input = { name, capacity: readCapacity(capacity), ...options }
        const { pool: made } = unwrap(await call.client.configurePool({ input }, { signal: call.terminal.interrupted }))
        if (call.isJson) call.json(made)
        else call.line(show([made], call))
      }),
    )
}

function readCapacity(text: string): number {
  const capacity = Number(text)
  if (text.trim() === '' || !Number.isInteger(capacity))
    throw new InvalidArgumentError('The capacity is a whole number.')
  return capacity
}

const COLUMNS: Column<PoolFieldsFragment>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'CAPACITY', of: ({ capacity }) => String(capacity) },
  { title: 'IN USE', of: ({ inUse }) => String(inUse) },
  { title: 'RESERVED', of: ({ reserved }) => String(reserved) },
  { title: 'WAITING', of: ({ waiting }) => (waiting >= 10_000 ? '10,000 or more' : String(waiting)) },
  { title: 'DESCRIPTION', of: ({ description }) => clean(description ?? ''), isFlexible: true },
]

function show(pools: readonly PoolFieldsFragment[], { terminal }: Call): string {
  return table(COLUMNS, pools, terminal)
}
