import { deleteTrigger } from '../../engine/delete-trigger.ts'
import { fireTrigger } from '../../engine/fire-trigger.ts'
import { pauseTrigger } from '../../engine/pause-trigger.ts'
import { resumeTrigger } from '../../engine/resume-trigger.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { idInput } from '../id-input.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { IdempotencyConflict, NotFound } from '../user-failure.ts'
import { loadFiring } from './load-trigger.ts'
import { TriggerFiring } from './trigger.ts'
import { triggerPayload } from './trigger-payload.ts'

const PauseTriggerInput = idInput('PauseTriggerInput', 'trigger', 'A trigger to hold back.')
const ResumeTriggerInput = idInput('ResumeTriggerInput', 'trigger', 'A trigger to let go on.')
const DeleteTriggerInput = idInput('DeleteTriggerInput', 'trigger', 'A trigger to delete.')
const FireTriggerInput = builder.inputType('FireTriggerInput', {
  description: 'A trigger to fire now, with an event that is made up.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'TypeID of the trigger.' }),
    key: t.string({
      description: 'Key of the event, one that the trigger takes; the trigger’s own, or its prefix, when absent.',
    }),
    payload: t.field({ type: 'JSON', description: 'What the event carries, at most 256 KB; null when absent.' }),
    idempotencyKey: t.string({
      description:
        'The same key for the same trigger and event answers the same firing, for 24 hours at least; 1 to 500 characters.',
    }),
  }),
})

const PauseTriggerSuccess = triggerPayload('PauseTriggerSuccess', 'The trigger is held back.')
const ResumeTriggerSuccess = triggerPayload('ResumeTriggerSuccess', 'The trigger takes events again.')

const DeleteTriggerSuccess = builder.objectRef<{ triggerId: string }>('DeleteTriggerSuccess').implement({
  description: 'The trigger was deleted.',
  fields: (t) => ({
    deletedId: t.id({
      description: 'TypeID of the trigger.',
      resolve: ({ triggerId }) => encodeTypeId(ID_PREFIXES.trigger, triggerId),
    }),
  }),
})

const FireTriggerSuccess = builder.objectRef<{ firingId: string }>('FireTriggerSuccess').implement({
  description: 'The trigger was fired, or had been fired before with the same idempotency key.',
  fields: (t) => ({
    firingId: t.id({
      description: 'TypeID of the firing.',
      resolve: ({ firingId }) => encodeTypeId(ID_PREFIXES.firing, firingId),
    }),
    firing: t.field({
      type: TriggerFiring,
      nullable: true,
      description: 'What came of it, which may be that nothing was started; null when it is not kept any more.',
      resolve: ({ firingId }, _args, context, info) => loadFiring(context, info, firingId),
    }),
  }),
})

builder.mutationFields((t) => ({
  pauseTrigger: t.errorUnionField({
    types: [PauseTriggerSuccess, InvalidInput, NotFound],
    union: {
      name: 'PauseTriggerResult',
      description: 'What came of pausing a trigger.',
      resolveType: () => 'PauseTriggerSuccess',
    },
    description: 'Holds a trigger back: events pass it by until it is resumed. What it has started goes on.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: PauseTriggerInput, required: true, description: 'The trigger to hold back.' }) },
    resolve: (_root, { input }, context) => steer(context, pauseTrigger, input),
  }),
  resumeTrigger: t.errorUnionField({
    types: [ResumeTriggerSuccess, InvalidInput, NotFound],
    union: {
      name: 'ResumeTriggerResult',
      description: 'What came of resuming a trigger.',
      resolveType: () => 'ResumeTriggerSuccess',
    },
    description: 'Lets a paused trigger take events that are sent from now on.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: ResumeTriggerInput, required: true, description: 'The trigger to let go on.' }) },
    resolve: (_root, { input }, context) => steer(context, resumeTrigger, input),
  }),
  deleteTrigger: t.errorUnionField({
    types: [DeleteTriggerSuccess, InvalidInput, NotFound],
    union: {
      name: 'DeleteTriggerResult',
      description: 'What came of deleting a trigger.',
      resolveType: () => 'DeleteTriggerSuccess',
    },
    description: 'Deletes a trigger: it starts nothing more. What it has started, and its firings, stay.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: DeleteTriggerInput, required: true, description: 'The trigger to delete.' }) },
    resolve: (_root, { input }, context) => steer(context, deleteTrigger, input),
  }),
  fireTrigger: t.errorUnionField({
    types: [FireTriggerSuccess, InvalidInput, NotFound, IdempotencyConflict],
    union: {
      name: 'FireTriggerResult',
      description: 'What came of firing a trigger.',
      resolveType: () => 'FireTriggerSuccess',
    },
    description:
      'Fires a trigger now with an event that is made up, whatever its status, cool-down and caps say. The event reaches nobody else.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: FireTriggerInput, required: true, description: 'The trigger and the event.' }) },
    resolve: async (_root, { input: { id, key, payload, idempotencyKey } }, context) => {
      const result = await fireTrigger(context.engine, actorOf(context), {
        triggerId: uuidOfField(ID_PREFIXES.trigger, id, ['input', 'id']),
        ...(key != null && { key }),
        ...(payload !== undefined && { payload }),
        ...(idempotencyKey != null && { idempotencyKey }),
      })
      return valueOrThrow(result, (path) => ['input', ...path])
    },
  }),
}))

async function steer(context: GraphContext, verb: typeof pauseTrigger, { id }: { id: string }) {
  const triggerId = uuidOfField(ID_PREFIXES.trigger, id, ['input', 'id'])
  return valueOrThrow(await verb(context.engine, actorOf(context), { triggerId }), (path) => ['input', ...path])
}
