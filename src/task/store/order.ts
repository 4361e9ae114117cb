import type { Derived } from '../../infra/row-batch.ts'

/** Length of tasks that neither give an estimate nor have a type that has run before, in milliseconds. */
export const UNKNOWN_LENGTH_MS = 3_600_000

interface OrderInputs {
  readonly tenant: string
  readonly type: string
  readonly priority: string
  readonly readyAt: string
  readonly estimatedMs: string
  readonly deadline: string
  readonly fairnessKey: string
  readonly createdBy: string
}

/**
 * SQL of a task's place in the order that its tenant's `scheduling` row, `s`, asks for; the arguments are SQL too. The mean
 * of the type is looked up only where lengths count.
 */
function orderKeySql(task: OrderInputs): string {
  const milliseconds = (time: string) => `date_part('epoch', ${time}) * 1000`
  const mean = `(SELECT "mean_run_ms" FROM "task_type" AS y WHERE y."tenant" = ${task.tenant} AND y."name" = ${task.type})`
  const length = `CASE WHEN s."per_length" = 0 THEN 0 ELSE coalesce(${task.estimatedMs}::float8, ${mean}, ${UNKNOWN_LENGTH_MS}) END`
  return `task_order_key(s, ${task.type}, task_rank(${task.priority}), ${milliseconds(task.readyAt)}, ${length}, ${milliseconds(task.deadline)},
    coalesce(${task.fairnessKey}, ${task.createdBy}, ''))`
}

/** Columns of a row of `task`, `t`. */
const OF_ROW: OrderInputs = {
  tenant: 't."tenant"',
  type: 't."type"',
  priority: 't."priority"',
  readyAt: 't."ready_at"',
  estimatedMs: 't."estimated_ms"',
  deadline: 't."deadline"',
  fairnessKey: 't."fairness_key"',
  createdBy: 't."created_by"',
}

/** The order of new tasks. A tenant without its row of `scheduling` fails on task_claimable_is_ready. */
export const ORDER_OF_NEW: Derived = {
  names: ['order_key', 'generation'],
  select: (sqlOf) => {
    const key = orderKeySql({
      tenant: sqlOf('tenant'),
      type: sqlOf('type'),
      priority: sqlOf('priority'),
      readyAt: sqlOf('ready_at'),
      estimatedMs: sqlOf('estimated_ms'),
      deadline: sqlOf('deadline'),
      fairnessKey: sqlOf('fairness_key'),
      createdBy: sqlOf('created_by'),
    })
    const isWaiting = `(${sqlOf('is_claimable')} OR ${sqlOf('blocked_on')} IS NOT NULL)`
    return `CASE WHEN ${isWaiting} THEN ${key} END, CASE WHEN ${isWaiting} THEN s."generation" ELSE 0 END`
  },
  join: (sqlOf) => `LEFT JOIN "scheduling" AS s ON s."tenant" = ${sqlOf('tenant')}`,
}

/**
 * Assignment for tasks that enter the order, change their place in it, or leave it.
 *
 * @param sqlOf SQL of what a column is given
 */
export function orderOfChanged(sqlOf: (name: string) => string): string {
  const isWaiting = `(${sqlOf('is_claimable')} OR ${sqlOf('blocked_on')} IS NOT NULL)`
  const priority = sqlOf('priority')
  const readyAt = sqlOf('ready_at')
  // Who has a turn keeps it: asking anew would send it behind its flow.
  const isKept = `(t."is_claimable" OR t."blocked_on" IS NOT NULL) AND t."ready_at" = ${readyAt} AND (t."priority" = ${priority} OR s."strategy" IN ('ROUND_ROBIN', 'FAIR'))`
  const choose = (kept: string, placed: string, gone: string) =>
    `CASE WHEN NOT ${isWaiting} THEN ${gone} WHEN ${isKept} THEN ${kept} ELSE ${placed} END`
  return `("order_key", "generation") = (
    SELECT ${choose('t."order_key"', orderKeySql({ ...OF_ROW, priority, readyAt }), 'NULL')},
      ${choose('t."generation"', 's."generation"', 't."generation"')}
    FROM "scheduling" AS s WHERE s."tenant" = t."tenant")`
}

/** Assignment of the present order to tasks that wait. */
export const ORDER_OF_ROW = `("order_key", "generation") = (
  SELECT ${orderKeySql(OF_ROW)}, s."generation" FROM "scheduling" AS s WHERE s."tenant" = t."tenant")`
