import type { ClientBase } from 'pg'

/** What an idempotency key stands for once it has been used. */
export interface IdempotentCall {
  readonly tenant: string
  readonly verb: string
  readonly key: string
  /** SHA-256 of the canonical input, before defaults. */
  readonly bodyHash: Buffer
}

export type IdempotencyAnswer =
  | { readonly kind: 'first' }
  | { readonly kind: 'repeated'; readonly taskIds: string[]; readonly isSameBody: boolean }

/**
 * Takes an idempotency key for this transaction, or answers with what it stands for already.
 *
 * Locks: the key; a rival with the same key waits until this transaction has ended, and then sees its outcome.
 */
export async function takeIdempotencyKey(
  client: ClientBase,
  call: IdempotentCall,
  taskIds: readonly string[],
): Promise<IdempotencyAnswer> {
  for (;;) {
    const taken = await client.query(
      `INSERT INTO "idempotency_key" ("tenant", "verb", "key", "body_hash", "result") VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT DO NOTHING`,
      [call.tenant, call.verb, call.key, call.bodyHash, JSON.stringify({ taskIds })],
    )
    if (taken.rowCount === 1) return { kind: 'first' }
    const { rows } = await client.query<{ result: { taskIds: string[] }; body_hash: Buffer }>(
      'SELECT "result", "body_hash" FROM "idempotency_key" WHERE "tenant" = $1 AND "verb" = $2 AND "key" = $3',
      [call.tenant, call.verb, call.key],
    )
    // Gone again between the two statements: retention has just dropped it.
    if (rows[0] === undefined) continue
    return { kind: 'repeated', taskIds: rows[0].result.taskIds, isSameBody: rows[0].body_hash.equals(call.bodyHash) }
  }
}

/** Lets a key that this transaction has taken stand for other tasks. Index: idempotency_key_pkey. */
export async function answerIdempotencyKey(
  client: ClientBase,
  { tenant, verb, key }: Omit<IdempotentCall, 'bodyHash'>,
  taskIds: readonly string[],
): Promise<void> {
  await client.query('UPDATE "idempotency_key" SET "result" = $4 WHERE "tenant" = $1 AND "verb" = $2 AND "key" = $3', [
    tenant,
    verb,
    key,
    JSON.stringify({ taskIds }),
  ])
}
