import { createHash } from 'node:crypto'
import { z } from 'zod'
import { registerWorker } from '../../engine/register-worker.ts'
import type { JsonSchema, JsonValue } from '../../task/json.ts'
import type { TaskDefaults } from '../../task/new-task.ts'
import type { TaskTypeRegistration } from '../../task/store/task-types.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { readWorkerState, type WorkerState } from '../../worker/store/workers.ts'
import { builder } from '../builder.ts'
import { type InputIssue, InvalidInput } from '../invalid-input.ts'
import { RetryPolicyInput, TimeoutsInput } from '../task/create-task-input.ts'
import { labelsOf, newTaskOf } from '../task/new-task-of.ts'
import { ResourcesInput, resourcesOf, WorkerResourcesInput } from '../task/resources-input.ts'
import { TaskPriorityEnum } from '../task/task-enums.ts'
import { valueOrThrow } from '../task/task-payload.ts'
import { REQUEST_ID } from './lease-inputs.ts'
import { WorkerStateEnum } from './worker.ts'

const DEFAULT_LEASE_MS = 30_000
const LONGEST_LEASE_MS = 3_600_000

const TaskTypeDefaultsInput = builder.inputType('TaskTypeDefaultsInput', {
  description: 'What tasks of a type have where their creator says nothing.',
  fields: (t) => ({
    priority: t.field({ type: TaskPriorityEnum, description: 'How urgent they are; MEDIUM when absent.' }),
    retry: t.field({ type: RetryPolicyInput, description: 'How failures are repeated.' }),
    timeouts: t.field({ type: TimeoutsInput, description: 'Limits on their time.' }),
    resources: t.field({ type: ResourcesInput, description: 'What they take of their worker.' }),
  }),
})

const ServedTypeInput = builder.inputType('ServedTypeInput', {
  description: 'A task type that a worker serves. What is said here replaces what was said of the type before.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Lower snake case, 1 to 64 characters.' }),
    description: t.string({ description: 'What the work is.' }),
    inputSchema: t.field({
      type: 'JSON',
      description: 'JSON Schema (2020-12), an object, that inputs must fit; anything when absent.',
    }),
    outputSchema: t.field({
      type: 'JSON',
      description: 'JSON Schema (2020-12), an object, that outputs must fit; anything when absent.',
    }),
    defaults: t.field({ type: TaskTypeDefaultsInput, description: 'What its tasks start with.' }),
  }),
})

const RegisterWorkerInput = builder.inputType('RegisterWorkerInput', {
  description: 'A process that is about to run tasks.',
  fields: (t) => ({
    requestId: t.string({
      required: true,
      description:
        'New at each start of the process, and the same when the request is sent again because its answer was lost: the same worker is answered then. 1 to 200 characters.',
      validate: REQUEST_ID,
    }),
    name: t.string({
      required: true,
      description: 'What people call it, 1 to 200 characters.',
      validate: z.string().trim().min(1, 'is empty').max(200, 'is longer than 200 characters'),
    }),
    host: t.string({
      required: true,
      description: 'Machine that it runs on, 1 to 255 characters.',
      validate: z.string().trim().min(1, 'is empty').max(255, 'is longer than 255 characters'),
    }),
    pid: t.int({ description: 'Number of its process on that machine.' }),
    version: t.string({
      description: 'Version of its program, at most 200 characters.',
      validate: z.string().max(200, 'is longer than 200 characters'),
    }),
    types: t.field({
      type: [ServedTypeInput],
      required: true,
      description: 'The task types that it serves, 1 to 1,000.',
      validate: z.array(z.unknown()).min(1, 'is empty: name a type').max(1_000, 'holds more than 1,000 types'),
    }),
    queues: t.stringList({
      description: 'The queues that it takes tasks from, 1 to 100; `default` when absent.',
      validate: z
        .array(z.string().min(1, 'is empty').max(100, 'is longer than 100 characters'))
        .min(1, 'is empty: name a queue')
        .max(100, 'holds more than 100 queues'),
    }),
    labels: t.field({ type: 'JSON', description: 'Names and values it is chosen by: one object of strings.' }),
    slots: t.int({
      required: true,
      description: 'How many tasks it runs at once, 1 to 10,000.',
      validate: z.number().min(1, 'is less than 1').max(10_000, 'is more than 10,000'),
    }),
    resources: t.field({
      type: WorkerResourcesInput,
      description: 'What its tasks may take together; without it, it gets no task that asks for any.',
    }),
    lease: t.field({
      type: 'Duration',
      description: 'After this silence its tasks run elsewhere, PT1S to PT1H; PT30S when absent.',
      validate: z.number().min(1_000, 'is shorter than PT1S').max(LONGEST_LEASE_MS, 'is longer than PT1H'),
    }),
  }),
})

interface Registered {
  /** uuid */
  readonly workerId: string
  readonly state: WorkerState
  readonly leaseMs: number
}

const RegisterWorkerSuccess = builder.objectRef<Registered>('RegisterWorkerSuccess').implement({
  description: 'The worker is known and may claim.',
  fields: (t) => ({
    workerId: t.id({
      description: 'Its TypeID, for all requests to come.',
      resolve: ({ workerId }) => encodeTypeId(ID_PREFIXES.worker, workerId),
    }),
    state: t.field({
      type: WorkerStateEnum,
      description: 'ACTIVE, unless this repeats a registration whose worker has moved on.',
      resolve: ({ state }) => state,
    }),
    lease: t.field({
      type: 'Duration',
      description: 'After this silence its tasks run elsewhere.',
      resolve: ({ leaseMs }) => leaseMs,
    }),
    heartbeatInterval: t.field({
      type: 'Duration',
      description: 'How often it should send a heartbeat: a quarter of the lease.',
      resolve: ({ leaseMs }) => leaseMs / 4,
    }),
  }),
})

builder.mutationFields((t) => ({
  registerWorker: t.errorUnionField({
    types: [RegisterWorkerSuccess, InvalidInput],
    union: {
      name: 'RegisterWorkerResult',
      description: 'What came of signing a worker on.',
      resolveType: () => 'RegisterWorkerSuccess',
    },
    description: 'Signs a worker on, and makes its task types known. It must send heartbeats from now on.',
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: RegisterWorkerInput, required: true, description: 'The worker.' }) },
    resolve: async (_root, { input }, { engine, tenant }) => {
      const { requestId, name, host, pid, version, slots } = input
      const leaseMs = Math.round(input.lease ?? DEFAULT_LEASE_MS)
      const id = workerIdOf(tenant, requestId)
      const worker = {
        tenant,
        id,
        name,
        host,
        pid: pid ?? null,
        version: version ?? null,
        types: input.types.map((type) => type.name),
        queues: [...new Set(input.queues ?? ['default'])],
        labels: input.labels == null ? {} : labelsOf(input.labels, ['input', 'labels']),
        slots,
        resources: input.resources == null ? {} : resourcesOf(input.resources, ['input', 'resources']),
        leaseMs,
      }
      const types = input.types.map((type, index) => registrationOf(type, ['input', 'types', index]))
      refuseDoubles(types)
      valueOrThrow(await registerWorker(engine, worker, types), (path) => ['input', ...path])
      const state = await readWorkerState(engine.db, tenant, id)
      if (state === null) throw new Error(`Worker ${id} is gone right after it was registered`)
      return { workerId: id, state, leaseMs }
    },
  }),
}))

/** The same id for the same request, so that a repeated one registers nothing twice; made like a UUIDv8. */
function workerIdOf(tenant: string, requestId: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([tenant, 'registerWorker', requestId]))
    .digest()
  const bytes = hash.subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

type Path = readonly (string | number)[]

function registrationOf(type: typeof ServedTypeInput.$inferInput, path: Path): TaskTypeRegistration {
  return {
    name: type.name,
    description: type.description ?? null,
    inputSchema: schemaOf(type.inputSchema, [...path, 'inputSchema']),
    outputSchema: schemaOf(type.outputSchema, [...path, 'outputSchema']),
    defaults: defaultsOf(type.defaults ?? {}, path),
  }
}

function schemaOf(schema: JsonValue | undefined | null, path: Path): JsonSchema | null {
  if (schema === undefined || schema === null) return null
  if (typeof schema !== 'object' || Array.isArray(schema)) {
    throw new InvalidInput([{ path, message: 'is no JSON Schema: give an object, like {"type": "object"}' }])
  }
  return schema as JsonSchema
}

function defaultsOf(defaults: typeof TaskTypeDefaultsInput.$inferInput, path: Path): TaskDefaults {
  const { priority, retry, timeouts, resources, pools } = newTaskOf({ name: 'any', type: 'any', ...defaults }, path)
  return {
    ...(priority !== undefined && { priority }),
    ...(retry !== undefined && { retry }),
    ...(timeouts !== undefined && { timeouts }),
    ...(resources !== undefined && { resources }),
    ...(pools !== undefined && { pools }),
  }
}

function refuseDoubles(types: readonly TaskTypeRegistration[]): void {
  const seen = new Set<string>()
  const issues = types.flatMap(({ name }, index): InputIssue[] => {
    const isDouble = seen.has(name)
    seen.add(name)
    return isDouble ? [{ path: ['input', 'types', index, 'name'], message: `"${name}" is there twice` }] : []
  })
  if (issues.length > 0) throw new InvalidInput(issues)
}
