import type { ClientBase } from 'pg'

/** The part of a task that only readers look at; a field that is left out stays, null empties it. */
export interface TaskDetails {
  readonly name?: string
  readonly description?: string | null
  readonly deadline?: Date | null
  readonly tags?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
}

const FIELDS = ['name', 'description', 'deadline', 'tags', 'labels'] as const satisfies (keyof TaskDetails)[]

/** Writes details of one task; the caller holds its lock. Index: task_pkey. */
export async function writeDetails(
  client: ClientBase,
  tenant: string,
  taskId: string,
  details: TaskDetails,
): Promise<void> {
  const values: unknown[] = [tenant, taskId]
  const assignments = FIELDS.flatMap((field) => {
    const value = details[field]
    if (value === undefined) return []
    values.push(field === 'labels' ? JSON.stringify(value) : Array.isArray(value) ? [...new Set(value)] : value)
    return [`"${field}" = $${values.length}`]
  })
  // A new deadline can be missed anew.
  if (details.deadline !== undefined) assignments.push('"deadline_missed_at" = NULL')
  if (assignments.length === 0) return
  await client.query(`UPDATE "task" SET ${assignments.join(', ')} WHERE "tenant" = $1 AND "id" = $2`, values)
}

/** Replaces the input of one task; the caller holds its lock. Index: task_pkey. @param input JSON text, or null for none */
export async function writeInput(
  client: ClientBase,
  tenant: string,
  taskId: string,
  input: string | null,
): Promise<void> {
  await client.query('UPDATE "task" SET "input" = $3 WHERE "tenant" = $1 AND "id" = $2', [tenant, taskId, input])
}
