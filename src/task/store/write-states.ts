import type { ClientBase } from 'pg'
import { type BatchColumn, isSame, updateBatch } from '../../infra/row-batch.ts'
import type { TaskState } from '../task-state.ts'
import { MOVING_COLUMNS } from './columns.ts'
import { orderOfChanged } from './order.ts'

/** A decided change: the state it was decided on, and the one to write. */
export interface StateChange {
  readonly before: TaskState
  readonly after: TaskState
  /** JSON text of the output, when the task completes with one. */
  readonly output?: string | null
}

const ID: BatchColumn<StateChange> = { name: 'id', type: 'uuid', of: ({ before }) => before.id }
const VERSION: BatchColumn<StateChange> = { name: 'version', type: 'int', of: ({ before }) => before.version }
const OUTPUT: BatchColumn<StateChange> = { name: 'output', type: 'jsonb', of: ({ output }) => output ?? null }

const isPlaced = ({ isClaimable, blockedOn }: TaskState): boolean => isClaimable || blockedOn !== null

/**
 * Writes decided changes where the rows still have the version they were decided on.
 *
 * Locks: none beyond those the caller holds. Index: task_pkey.
 *
 * @param changes of one tenant
 * @throws Error when a row has moved on: the caller did not hold its lock
 */
export async function writeStates(client: ClientBase, changes: readonly StateChange[], now: Date): Promise<void> {
  if (changes.length === 0) return
  const moving = MOVING_COLUMNS.map(
    (column): BatchColumn<StateChange> => ({ ...column, of: ({ after }) => column.of(after) }),
  )
  const beforeOf = new Map(MOVING_COLUMNS.map((column) => [column.name, column.of]))
  const updatedAt: BatchColumn<StateChange> = { name: 'updated_at', type: 'timestamptz', of: () => now }
  const statement = updateBatch(
    'task',
    { scope: [{ name: 'tenant', value: changes[0]!.before.tenant }], key: ID, guards: [VERSION] },
    [...moving, OUTPUT, updatedAt],
    changes,
    (column, change) => {
      if (column === updatedAt) return true
      if (column === OUTPUT) return change.output !== undefined && change.output !== null
      return !isSame(column.of(change), beforeOf.get(column.name)!(change.before))
    },
    changes.some(({ before, after }) => isPlaced(before) || isPlaced(after))
      ? (sqlOf) => orderOfChanged((name) => sqlOf(moving.find((column) => column.name === name)!))
      : undefined,
  )
  const { rowCount } = await client.query(statement)
  if (rowCount !== changes.length)
    throw new Error(`${changes.length} tasks were decided on, ${rowCount} still had the version`)
}
