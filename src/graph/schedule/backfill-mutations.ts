import { cancelBackfill } from '../../engine/cancel-backfill.ts'
import { createBackfill } from '../../engine/create-backfill.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { idInput } from '../id-input.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { IdempotencyConflict, NotFound } from '../user-failure.ts'
import { loadBackfill } from './load-schedule.ts'
import { Backfill } from './schedule.ts'

const CreateBackfillInput = builder.inputType('CreateBackfillInput', {
  description: 'Due times of the past to start tasks or runs for; those that have started one already are passed over.',
  fields: (t) => ({
    scheduleId: t.id({ required: true, description: 'TypeID of the schedule.' }),
    from: t.field({
      type: 'DateTime',
      required: true,
      description: 'The first due time that is wanted, at the earliest.',
    }),
    until: t.field({
      type: 'DateTime',
      required: true,
      description: 'The last due time that is wanted, at the latest; not in the future. At most 10,000 lie between.',
    }),
    maxAtOnce: t.int({
      description: 'Most of its tasks and runs that have not ended at any time, 1 to 1,000; 1 when absent.',
    }),
    idempotencyKey: t.string({
      description:
        'The same key with the same input answers the same backfill, for 24 hours at least; 1 to 500 characters.',
    }),
  }),
})

const CancelBackfillInput = idInput('CancelBackfillInput', 'backfill', 'A backfill to cancel.')

const CreateBackfillSuccess = backfillPayload(
  'CreateBackfillSuccess',
  'The backfill is under way, or had been asked for before with the same idempotency key.',
)
const CancelBackfillSuccess = backfillPayload('CancelBackfillSuccess', 'The backfill starts no other task.')

builder.mutationFields((t) => ({
  createBackfill: t.errorUnionField({
    types: [CreateBackfillSuccess, InvalidInput, NotFound, IdempotencyConflict],
    union: {
      name: 'CreateBackfillResult',
      description: 'What came of asking for a backfill.',
      resolveType: () => 'CreateBackfillSuccess',
    },
    description:
      'Starts what the schedule starts, for due times of the past that have none. The rule for overlaps does not count here.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: CreateBackfillInput, required: true, description: 'Which due times.' }) },
    resolve: async (_root, { input }, context) => {
      const { scheduleId, from, until, maxAtOnce, idempotencyKey } = input
      const result = await createBackfill(context.engine, actorOf(context), {
        scheduleId: uuidOfField(ID_PREFIXES.schedule, scheduleId, ['input', 'scheduleId']),
        from,
        until,
        ...(maxAtOnce != null && { maxAtOnce }),
        ...(idempotencyKey != null && { idempotencyKey }),
      })
      return valueOrThrow(result, (path) => ['input', ...path])
    },
  }),
  cancelBackfill: t.errorUnionField({
    types: [CancelBackfillSuccess, InvalidInput, NotFound],
    union: {
      name: 'CancelBackfillResult',
      description: 'What came of cancelling a backfill.',
      resolveType: () => 'CancelBackfillSuccess',
    },
    description: 'Cancels a backfill: it starts no other task. Those that it has started go on.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: CancelBackfillInput, required: true, description: 'The backfill to cancel.' }) },
    resolve: async (_root, { input: { id } }, context) => {
      const backfillId = uuidOfField(ID_PREFIXES.backfill, id, ['input', 'id'])
      const result = await cancelBackfill(context.engine, actorOf(context), { backfillId })
      return valueOrThrow(result, (path) => ['input', ...path])
    },
  }),
}))

function backfillPayload(name: string, description: string) {
  return builder.objectRef<{ readonly backfillId: string }>(name).implement({
    description,
    fields: (t) => ({
      backfill: t.field({
        type: Backfill,
        description: 'The backfill as it is now.',
        resolve: async ({ backfillId }, _args, context, info) => {
          const backfill = await loadBackfill(context, info, backfillId)
          if (backfill === null) throw new Error(`Backfill ${backfillId} is gone right after it was written`)
          return backfill
        },
      }),
    }),
  })
}
