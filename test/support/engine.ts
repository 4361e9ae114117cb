import type { Pool } from 'pg'
import type { Actor, BellTopic } from '../../src/engine/engine.ts'
import { registerWorker } from '../../src/engine/register-worker.ts'
import { createRunTools, type RunEngine } from '../../src/engine/run-tools.ts'
import { createSchemaCheck } from '../../src/task/schema-check.ts'
import type { TaskTypeRegistration } from '../../src/task/store/task-types.ts'
import { newUuid } from '../../src/task/type-id.ts'
import type { WorkerRegistration } from '../../src/worker/store/workers.ts'

/** An engine over a test's database that remembers the bells it rang. */
export interface TestEngine extends RunEngine {
  readonly rung: BellTopic[]
}

export const ACTOR: Actor = { tenant: 'default', name: 'test' }

export function testEngine(db: Pool): TestEngine {
  const rung: BellTopic[] = []
  const schemas = createSchemaCheck()
  const runs = createRunTools(schemas, (id) => `https://example.test/callbacks/${id}`)
  return { db, rung, schemas, runs, channel: { publish: (topic) => void rung.push(topic) } }
}

/** A worker that may claim; its types are made known. */
export async function addWorker(
  engine: Parameters<typeof registerWorker>[0],
  types: readonly (string | TaskTypeRegistration)[],
  slots = 10,
  more: Partial<WorkerRegistration> = {},
): Promise<string> {
  const id = newUuid()
  const registrations = types.map((type) =>
    typeof type === 'string'
      ? { name: type, description: null, inputSchema: null, outputSchema: null, defaults: {} }
      : type,
  )
  const worker = {
    tenant: ACTOR.tenant,
    id,
    name: 'test',
    host: 'test',
    pid: process.pid,
    version: null,
    types: registrations.map(({ name }) => name),
    labels: {},
    slots,
    // Nobody beats for it: it must outlive the longest test.
    leaseMs: 600_000,
    ...more,
  }
  const registered = await registerWorker(engine, worker, registrations)
  if (!registered.ok) throw new Error(JSON.stringify(registered.refusal))
  return id
}
