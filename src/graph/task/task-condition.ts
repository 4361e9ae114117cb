import { ID_PREFIXES } from '../../task/type-id.ts'
import { uuidOfArgument } from '../node-id.ts'
import { requestError } from '../request-error.ts'
import type { SqlValues } from '../sql-values.ts'
import type { TaskFilter } from './task-filter-input.ts'

const MAX_DEPTH = 5
const MAX_CONDITIONS = 50
const MAX_LIST = 1000

type TimeFilter = NonNullable<TaskFilter['createdAt']>

/**
 * The SQL condition on table `task` that a filter stands for; `TRUE` when it is empty.
 *
 * Only columns that the lists have indexes for are compared on their own; partial indexes need their predicate said.
 *
 * @throws GraphQLError when it is too large, or holds a malformed id
 */
export function taskCondition(filter: TaskFilter, values: SqlValues): string {
  const parts = conditionsOf(filter, values, 1)
  if (values.list.length > MAX_CONDITIONS) throw badFilter(`has more than ${MAX_CONDITIONS} conditions`)
  return parts.length === 0 ? 'TRUE' : parts.join(' AND ')
}

function conditionsOf(filter: TaskFilter, values: SqlValues, depth: number): string[] {
  if (depth > MAX_DEPTH) throw badFilter(`is more than ${MAX_DEPTH} levels deep`)
  return [
    ...oneOf('status', filter.status, values, 'task_status'),
    ...oneOf('type', filter.type, values, 'text'),
    ...oneOf('priority', filter.priority, values, 'task_priority'),
    ...times('created_at', filter.createdAt, values),
    ...times('finished_at', filter.finishedAt, values),
    ...times('scheduled_for', filter.scheduledFor, values),
    ...times('deadline', filter.deadline, values),
    ...tags(filter.tags, values),
    ...labels(filter.labels, values),
    ...(filter.parentId == null
      ? []
      : [`parent_id = ${values.bind(uuidOfArgument(ID_PREFIXES.task, filter.parentId), 'uuid')}`]),
    ...(filter.scheduleId == null
      ? []
      : [`schedule_id = ${values.bind(uuidOfArgument(ID_PREFIXES.schedule, filter.scheduleId), 'uuid')}`]),
    ...(filter.isOverdue == null ? [] : [`deadline_missed_at IS ${filter.isOverdue ? 'NOT NULL' : 'NULL'}`]),
    ...(filter.createdBy == null ? [] : [`created_by = ${values.bind(filter.createdBy)}`]),
    ...(filter.idempotencyKey == null ? [] : [`idempotency_key = ${values.bind(filter.idempotencyKey)}`]),
    ...(filter.and ?? []).map((part) => conjunction(part, values, depth)),
    ...(filter.or == null ? [] : [disjunction(filter.or, values, depth)]),
    ...(filter.not == null ? [] : [`(${conjunction(filter.not, values, depth)}) IS NOT TRUE`]),
  ]
}

function conjunction(filter: TaskFilter, values: SqlValues, depth: number): string {
  const parts = conditionsOf(filter, values, depth + 1)
  return parts.length === 0 ? 'TRUE' : `(${parts.join(' AND ')})`
}

function disjunction(filters: readonly TaskFilter[], values: SqlValues, depth: number): string {
  if (filters.length === 0) return 'FALSE'
  return `(${filters.map((part) => conjunction(part, values, depth)).join(' OR ')})`
}

interface ChoiceFilter {
  readonly eq?: string | null
  readonly in?: readonly string[] | null
  readonly notIn?: readonly string[] | null
}

function oneOf(column: string, filter: ChoiceFilter | null | undefined, values: SqlValues, type: string): string[] {
  if (filter == null) return []
  return [
    ...(filter.eq == null ? [] : [`${column} = ${values.bind(filter.eq, type)}`]),
    ...(filter.in == null ? [] : [`${column} = ANY(${values.bind(listOf(filter.in), `${type}[]`)})`]),
    ...(filter.notIn == null ? [] : [`${column} <> ALL(${values.bind(listOf(filter.notIn), `${type}[]`)})`]),
  ]
}

const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

function times(column: string, filter: TimeFilter | null | undefined, values: SqlValues): string[] {
  if (filter == null) return []
  return (Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[]).flatMap((name) => {
    const time = filter[name]
    return time == null ? [] : [`${column} ${COMPARISONS[name]} ${values.bind(time, 'timestamptz')}`]
  })
}

function tags(filter: TaskFilter['tags'], values: SqlValues): string[] {
  if (filter == null) return []
  const every = [...(filter.has == null ? [] : [filter.has]), ...(filter.hasEvery ?? [])]
  const parts = [
    ...(every.length === 0 ? [] : [`tags @> ${values.bind(listOf(every), 'text[]')}`]),
    ...(filter.hasSome == null ? [] : [`tags && ${values.bind(listOf(filter.hasSome), 'text[]')}`]),
  ]
  return parts.length === 0 ? [] : [`tags <> '{}'`, ...parts]
}

function labels(filter: TaskFilter['labels'], values: SqlValues): string[] {
  const wanted = filter?.contains
  if (wanted == null) return []
  if (typeof wanted !== 'object' || Array.isArray(wanted)) throw badFilter('needs an object in `labels.contains`')
  if (Object.keys(wanted).length === 0) return []
  return [`labels <> '{}'`, `labels @> ${values.bind(JSON.stringify(wanted), 'jsonb')}`]
}

function listOf(list: readonly string[]): readonly string[] {
  if (list.length > MAX_LIST) throw badFilter(`has a list of more than ${MAX_LIST} entries`)
  return list
}

function badFilter(problem: string) {
  return requestError('BAD_USER_INPUT', `The filter ${problem}. Make it smaller.`)
}
