import type { Pool } from 'pg'
import { decodeKeyset, encodeKeyset, type Keyset } from '../keyset.ts'
import type { Page } from '../page.ts'
import { SqlValues } from '../sql-values.ts'
import { taskCondition } from './task-condition.ts'
import type { TaskFilter } from './task-filter-input.ts'
import type { TaskOrder } from './task-order.ts'

export interface TaskList {
  readonly tenant: string
  readonly filter: TaskFilter
  readonly order: TaskOrder
}

/** Where one task of a page stands. */
export interface TaskPlace extends Keyset {
  readonly cursor: string
}

/**
 * Finds the tasks of one page, and one more when there is more; nothing of them but where they stand.
 *
 * Input: tenant, filter, order, page. Output: (time, id) in the direction of reading. Takes no locks. Relies on the primary
 * key (CREATED_AT is the id, a UUIDv7), or task_finished_idx, task_deadline_idx, task_scheduled_idx.
 */
export async function findTaskPage(db: Pool, list: TaskList, page: Page): Promise<TaskPlace[]> {
  const { column, name } = list.order
  const values = new SqlValues()
  const where = whereOf(list, values)
  const after = page.after === null ? null : decodeKeyset(name, page.after)
  const before = page.before === null ? null : decodeKeyset(name, page.before)
  const forward = list.order.isDescending ? '<' : '>'
  const backward = list.order.isDescending ? '>' : '<'
  const bounds = [
    ...(after === null ? [] : [bound(column, forward, after, values)]),
    ...(before === null ? [] : [bound(column, backward, before, values)]),
  ]
  const direction = list.order.isDescending === page.isBackward ? 'ASC' : 'DESC'
  const { rows } = await db.query<{ id: string; at: Date | null }>(
    `SELECT id, ${column ?? 'NULL'} AS at FROM task WHERE ${[where, ...bounds].join(' AND ')}
     ORDER BY ${column === null ? '' : `${column} ${direction}, `}id ${direction} LIMIT ${page.size + 1}`,
    values.list,
  )
  return rows.map(({ id, at }) => {
    const place = { id, at: at?.getTime() ?? null }
    return { ...place, cursor: encodeKeyset(name, place) }
  })
}

/** How many tasks a list holds on all pages. */
export async function countTasks(db: Pool, list: TaskList): Promise<number> {
  const values = new SqlValues()
  const { rows } = await db.query<{ count: number }>(
    `SELECT least(count(*), 2147483647)::int AS count FROM task WHERE ${whereOf(list, values)}`,
    values.list,
  )
  return rows[0]!.count
}

function whereOf({ tenant, filter, order }: TaskList, values: SqlValues): string {
  const condition = taskCondition(filter, values)
  const own = [`tenant = ${values.bind(tenant)}`, `(${condition})`]
  return [...own, ...(order.column === null ? [] : [`${order.column} IS NOT NULL`])].join(' AND ')
}

function bound(column: string | null, comparison: '<' | '>', keyset: Keyset, values: SqlValues): string {
  const id = values.bind(keyset.id, 'uuid')
  if (column === null) return `id ${comparison} ${id}`
  const at = values.bind(keyset.at === null ? null : new Date(keyset.at), 'timestamptz')
  return `(${column}, id) ${comparison} (${at}, ${id})`
}
