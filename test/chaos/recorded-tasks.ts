import type { Pool } from 'pg'
import { uuidOf } from '../../src/task/type-id.ts'
import { ask } from './ask.ts'
import type { Recorded } from './chaos-types.ts'

const CREATE = `mutation ($input: CreateTasksInput!) { createTasks(input: $input) {
  __typename ... on CreateTasksSuccess { taskIds } } }`

/** Makes tasks of the type `recorded`; returns their uuids. */
export async function createRecorded(url: string, inputs: readonly Recorded[]): Promise<string[]> {
  const tasks = inputs.map((input) => ({ name: 'recorded', type: 'recorded', input }))
  const { data, errors } = await ask(url, { query: CREATE, variables: { input: { tasks } } })
  if (errors !== undefined) throw new Error(JSON.stringify(errors))
  return data.createTasks.taskIds.map((id: string) => uuidOf('task', id)!)
}

/** How many tasks stand where, by status. */
export async function countByStatus(db: Pool): Promise<Record<string, number>> {
  const { rows } = await db.query<{ status: string; count: number }>(
    'SELECT status::text, count(*)::int AS count FROM task GROUP BY status',
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}
