import { configurePool } from '../../engine/configure-pool.ts'
import { type PoolUse, readPools } from '../../pool/store.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'

const PoolRef = builder.objectRef<PoolUse>('Pool').implement({
  description: 'Something that tasks take slots of while they run, over all workers.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, unique.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it stands for.' }),
    capacity: t.exposeInt('capacity', { description: 'Slots in all.' }),
    inUse: t.exposeInt('inUse', { description: 'Slots that running tasks have.' }),
    reserved: t.exposeInt('reserved', { description: 'Slots of tasks that may be claimed and have not been yet.' }),
    waiting: t.exposeInt('waiting', { description: 'Tasks that wait for its slots, counted up to 10,000.' }),
  }),
})

const ConfigurePoolInput = builder.inputType('ConfigurePoolInput', {
  description: 'A pool to make or to change.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Lower case letters, digits, _ . and -, a letter first, 100 characters at most.',
    }),
    capacity: t.int({
      required: true,
      description: 'Slots in all, 0 to 100,000. A cut lets nobody in until enough tasks have ended.',
    }),
    description: t.string({ description: 'What it stands for, at most 10,000 characters; null: nothing.' }),
  }),
})

const ConfigurePoolSuccess = builder.objectRef<{ name: string }>('ConfigurePoolSuccess').implement({
  description: 'The pool is as asked.',
  fields: (t) => ({
    pool: t.field({
      type: PoolRef,
      description: 'The pool.',
      resolve: async ({ name }, _args, { db, tenant }) => {
        const pool = (await readPools(db, tenant)).find((one) => one.name === name)
        if (pool === undefined) throw new Error(`Pool ${name} is gone right after it was written`)
        return pool
      },
    }),
  }),
})

builder.queryFields((t) => ({
  pools: t.field({
    type: [PoolRef],
    description: 'The pools by name, at most 1,000.',
    authScopes: { role: 'VIEWER' },
    resolve: (_root, _args, { db, tenant }) => readPools(db, tenant),
  }),
}))

builder.mutationFields((t) => ({
  configurePool: t.errorUnionField({
    types: [ConfigurePoolSuccess, InvalidInput],
    union: {
      name: 'ConfigurePoolResult',
      description: 'What came of making or changing a pool.',
      resolveType: () => 'ConfigurePoolSuccess',
    },
    description: 'Makes a pool, or changes its capacity.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: ConfigurePoolInput, required: true, description: 'The pool.' }) },
    resolve: async (_root, { input }, context) => {
      const { name, capacity, description } = input
      const asked = { name, capacity, ...(description !== undefined && { description }) }
      return valueOrThrow(await configurePool(context.engine, actorOf(context), asked), (path) => ['input', ...path])
    },
  }),
}))
