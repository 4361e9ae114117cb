import type { ClientBase } from 'pg'
import { type BatchColumn, insertBatch, prepared } from '../../infra/row-batch.ts'
import type { JsonValue } from '../../task/json.ts'
import type { ApprovalRequest } from '../run/effect.ts'

export interface NewApproval {
  readonly tenant: string
  /** uuid */
  readonly id: string
  readonly runId: string
  readonly path: string
  readonly request: ApprovalRequest
  /** JSON Schema of what approvers fill in. */
  readonly form: JsonValue | null
  readonly askedAt: Date
  readonly expiresAt: Date | null
}

const COLUMNS: readonly BatchColumn<NewApproval>[] = [
  { name: 'tenant', type: 'text', of: ({ tenant }) => tenant },
  { name: 'id', type: 'uuid', of: ({ id }) => id },
  { name: 'run_id', type: 'uuid', of: ({ runId }) => runId },
  { name: 'path', type: 'text', of: ({ path }) => path },
  { name: 'message', type: 'text', of: ({ request }) => request.message },
  // Arrays of arrays must be rectangular in Postgres.
  {
    name: 'principals',
    type: 'jsonb',
    of: ({ request }) => JSON.stringify(request.principals),
    as: (value) => `ARRAY(SELECT jsonb_array_elements_text(${value}))`,
  },
  { name: 'role', type: 'role', of: ({ request }) => request.role },
  { name: 'need', type: 'int', of: ({ request }) => request.need },
  { name: 'form', type: 'jsonb', of: ({ form }) => (form === null ? null : JSON.stringify(form)) },
  { name: 'asked_at', type: 'timestamptz', of: ({ askedAt }) => askedAt },
  { name: 'expires_at', type: 'timestamptz', of: ({ expiresAt }) => expiresAt },
]

export async function insertApprovals(client: ClientBase, approvals: readonly NewApproval[]): Promise<void> {
  if (approvals.length > 0) await client.query(insertBatch('approval', COLUMNS, approvals, { sendsAll: true }))
}

/** Closes requests that are open; what came of them stands in their steps. Index: approval_pkey. */
export async function settleApprovals(
  client: ClientBase,
  tenant: string,
  settled: readonly { readonly id: string; readonly status: 'APPROVED' | 'REFUSED' | 'WITHDRAWN' }[],
  now: Date,
): Promise<void> {
  if (settled.length === 0) return
  await client.query(
    prepared(
      `UPDATE "approval" AS a SET "status" = s."status"::"approval_status", "settled_at" = $4 FROM unnest($2::uuid[], $3::text[]) AS s("id", "status")
      WHERE a."tenant" = $1 AND a."id" = s."id" AND a."status" = 'OPEN'`,
      [tenant, settled.map(({ id }) => id), settled.map(({ status }) => status), now],
    ),
  )
}

/** An approval that was asked for. */
export interface Approval {
  readonly id: string
  readonly runId: string
  readonly path: string
  readonly status: 'OPEN' | 'APPROVED' | 'REFUSED' | 'WITHDRAWN'
  readonly request: ApprovalRequest
  readonly form: JsonValue | null
}

/** Index: approval_pkey. */
export async function readApproval(client: ClientBase, tenant: string, id: string): Promise<Approval | null> {
  const { rows } = await client.query(
    prepared(
      `SELECT "id", "run_id", "path", "status", "message", "principals", "role", "need", "form" FROM "approval" WHERE "tenant" = $1 AND "id" = $2`,
      [tenant, id],
    ),
  )
  const row = rows[0]
  if (row === undefined) return null
  const { message, principals, role, need } = row
  return {
    id,
    runId: row.run_id,
    path: row.path,
    status: row.status,
    request: { message, principals, role, need },
    form: row.form,
  }
}
