import { drainWorker } from '../../engine/drain-worker.ts'
import { returnUnheld } from '../../engine/return-unheld.ts'
import { stopWorker } from '../../engine/stop-worker.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { idInput } from '../id-input.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { NotFound } from '../user-failure.ts'
import { workerOf } from './lease-inputs.ts'
import { loadWorker } from './load-worker.ts'
import { Worker, WorkerStateEnum } from './worker.ts'

const StopWorkerInput = builder.inputType('StopWorkerInput', {
  description: 'A worker that signs off.',
  fields: (t) => ({ workerId: t.id({ required: true, description: 'TypeID of the worker.' }) }),
})

const StopWorkerSuccess = builder.objectRef<{ state: 'STOPPED' | 'LOST' }>('StopWorkerSuccess').implement({
  description: 'The worker is signed off.',
  fields: (t) => ({
    state: t.field({
      type: WorkerStateEnum,
      description: 'STOPPED, or LOST when it had been given up before.',
      resolve: ({ state }) => state,
    }),
  }),
})

const DrainWorkerInput = idInput('DrainWorkerInput', 'worker', 'A worker to drain.')

const DrainWorkerSuccess = builder.objectRef<{ id: string }>('DrainWorkerSuccess').implement({
  description: 'The worker claims no more, finishes what it holds, and signs off where its process does so.',
  fields: (t) => ({
    worker: t.field({
      type: Worker,
      description: 'The worker as it is now; one that was LOST or STOPPED stays so.',
      resolve: async ({ id }, _args, context, info) => {
        const worker = await loadWorker(context, info, id)
        if (worker === null) throw new Error(`Worker ${id} is gone right after it was drained`)
        return worker
      },
    }),
  }),
})

builder.mutationFields((t) => ({
  stopWorker: t.errorUnionField({
    types: [StopWorkerSuccess, InvalidInput, NotFound],
    union: {
      name: 'StopWorkerResult',
      description: 'What came of signing a worker off.',
      resolveType: () => 'StopWorkerSuccess',
    },
    description: 'Signs a worker off: what it still holds goes back to the queue at once. Again, it changes nothing.',
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: StopWorkerInput, required: true, description: 'The worker.' }) },
    resolve: async (_root, { input }, context) => {
      const { engine } = context
      const workerId = workerOf(input)
      const state = await stopWorker(engine, actorOf(context), workerId)
      if (state === null) throw new NotFound('worker', input.workerId, ['input', 'workerId'])
      await returnUnheld(engine, actorOf(context), { workerId, held: [] })
      return { state: state === 'LOST' ? 'LOST' : 'STOPPED' } as const
    },
  }),
  drainWorker: t.errorUnionField({
    types: [DrainWorkerSuccess, InvalidInput, NotFound],
    union: {
      name: 'DrainWorkerResult',
      description: 'What came of draining a worker.',
      resolveType: () => 'DrainWorkerSuccess',
    },
    description: 'Tells a worker to finish what it holds and to claim no more. Again, it changes nothing.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: DrainWorkerInput, required: true, description: 'The worker.' }) },
    resolve: async (_root, { input }, context) => {
      const id = uuidOfField(ID_PREFIXES.worker, input.id, ['input', 'id'])
      valueOrThrow(await drainWorker(context.engine, actorOf(context), id), (path) => ['input', ...path])
      return { id }
    },
  }),
}))
