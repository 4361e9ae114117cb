import type { ClientBase } from 'pg'
import { type BatchColumn, insertBatch, prepared } from '../../infra/row-batch.ts'
import type { JsonValue } from '../../task/json.ts'
import type { End, RunCommand } from '../run/command.ts'
import type { StepError } from '../run/run-state.ts'

/** Something for a run to take in, in the transaction in which it happened. */
export interface Message {
  readonly runId: string
  readonly command: RunCommand
}

interface Row {
  readonly tenant: string
  readonly runId: string
  readonly command: RunCommand
}

const COLUMNS: readonly BatchColumn<Row>[] = [
  { name: 'tenant', type: 'text', of: ({ tenant }) => tenant },
  { name: 'run_id', type: 'uuid', of: ({ runId }) => runId },
  { name: 'kind', type: 'text', of: ({ command }) => command.kind },
  { name: 'path', type: 'text', of: ({ command }) => ('path' in command ? command.path : null) },
  { name: 'awaited_id', type: 'uuid', of: ({ command }) => ('id' in command ? command.id : null) },
  { name: 'body', type: 'jsonb', of: ({ command }) => bodyOf(command) },
]

/** Puts messages into the inboxes of runs; ring `runs` after the commit. Locks nothing. */
export async function tellRuns(client: ClientBase, tenant: string, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return
  const rows = messages.map((message) => ({ tenant, ...message }))
  await client.query(insertBatch('run_inbox', COLUMNS, rows, { sendsAll: true }))
}

function bodyOf(command: RunCommand): string | null {
  switch (command.kind) {
    case 'end':
      return JSON.stringify(command.end)
    case 'event':
      return JSON.stringify(command.event)
    case 'callback':
      return JSON.stringify(command.body)
    case 'decide':
      return JSON.stringify(command.decision)
    case 'cancel':
      return JSON.stringify(command.reason)
    default:
      return null
  }
}

interface Taken {
  readonly run_id: string
  readonly kind: RunCommand['kind'] | 'task'
  readonly path: string | null
  readonly awaited_id: string | null
  readonly body: unknown
  readonly status: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'SKIPPED' | null
  readonly output: JsonValue | null
  readonly error: (StepError & { readonly attempt?: number }) | null
}

/**
 * Takes out what has come for runs whose locks the caller holds, in the order of its coming; ends of tasks with what came of them.
 *
 * Indexes: run_inbox_run_idx, task_pkey.
 */
export async function takeMessages(
  client: ClientBase,
  tenant: string,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, RunCommand[]>> {
  if (runIds.length === 0) return new Map()
  const { rows } = await client.query<Taken>(
    prepared(
      `WITH taken AS (
        DELETE FROM "run_inbox" WHERE "tenant" = $1 AND "run_id" = ANY ($2::uuid[]) RETURNING *
      )
      SELECT i."run_id", i."kind", i."path", i."awaited_id", i."body", t."status"::text, t."output", t."error"
      FROM taken AS i LEFT JOIN "task" AS t ON i."kind" = 'task' AND t."tenant" = i."tenant" AND t."id" = i."awaited_id" ORDER BY i."id"`,
      [tenant, runIds],
    ),
  )
  const commands = new Map<string, RunCommand[]>(runIds.map((id) => [id, []]))
  for (const row of rows) commands.get(row.run_id)!.push(toCommand(row))
  return commands
}

function toCommand(row: Taken): RunCommand {
  const answer = { path: row.path!, id: row.awaited_id! }
  switch (row.kind) {
    case 'task':
      return { kind: 'end', ...answer, end: endOf(row) }
    case 'end':
      return { kind: 'end', ...answer, end: row.body as End }
    case 'event':
      return { kind: 'event', ...answer, event: row.body as JsonValue }
    case 'callback':
      return { kind: 'callback', ...answer, body: row.body as JsonValue }
    case 'decide':
      return { kind: 'decide', ...answer, decision: row.body as Extract<RunCommand, { kind: 'decide' }>['decision'] }
    case 'cancel':
      return { kind: 'cancel', reason: row.body as string | null }
    default:
      return { kind: row.kind }
  }
}

/** A task that retention has deleted meanwhile has left no result. */
function endOf({ status, output, error }: Taken): End {
  switch (status) {
    case 'COMPLETED':
      return { status, output }
    case 'FAILED': {
      const { code, message } = error!
      return { status, error: { code, message } }
    }
    case null:
      return {
        status: 'FAILED',
        error: { code: 'TASK_DELETED', message: 'Its task was deleted before the run saw its end.' },
      }
    default:
      return { status: 'CANCELLED' }
  }
}
