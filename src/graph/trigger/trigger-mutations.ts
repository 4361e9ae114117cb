import { createTrigger } from '../../engine/create-trigger.ts'
import { updateTrigger } from '../../engine/update-trigger.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { UserError } from '../errors.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { present } from '../task/present.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import {
  IdempotencyConflict,
  NotFound,
  TriggerVersionConflict,
  UnknownTaskType,
  UnknownWorkflow,
} from '../user-failure.ts'
import { TriggeredRunInput, TriggeredTaskInput, triggeredRunOf, triggeredTaskOf } from './trigger-inputs.ts'
import { triggerPayload } from './trigger-payload.ts'

const CONDITION =
  'CEL over `payload`, `key`, `sender`, `eventId` and `receivedAt`, at most 4,000 characters: only events that it holds for start something.'

const CreateTriggerInput = builder.inputType('CreateTriggerInput', {
  description: 'A trigger to make.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What people call it, 1 to 500 characters.' }),
    description: t.string({ description: 'What it is for, at most 10,000 characters.' }),
    key: t.string({ description: 'The whole key of the events that it takes; this or `keyPrefix`.' }),
    keyPrefix: t.string({
      description: 'How the keys of the events begin that it takes, like `order/`; this or `key`.',
    }),
    condition: t.string({ description: `${CONDITION} Any when absent.` }),
    task: t.field({ type: TriggeredTaskInput, description: 'The task that each event makes; this or `workflow`.' }),
    workflow: t.field({ type: TriggeredRunInput, description: 'The run that each event starts; this or `task`.' }),
    coolDown: t.field({
      type: 'Duration',
      description: 'Time between two starts, 366 days at most; PT0S when absent.',
    }),
    maxPerHour: t.int({ description: 'Most that it starts in any hour, 1 to 100,000; 1,000 when absent.' }),
    maxPerDay: t.int({
      description:
        'Most that it starts in any 24 hours, 1 to 1,000,000; 10,000 when absent, or `maxPerHour` where that is more.',
    }),
    idempotencyKey: t.string({
      description:
        'The same key with the same input answers the same trigger, for 24 hours at least; 1 to 500 characters.',
    }),
  }),
})

const UpdateTriggerInput = builder.inputType('UpdateTriggerInput', {
  description: 'Changes to a trigger. What is absent stays.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'TypeID of the trigger.' }),
    expectedVersion: t.int({ description: 'Refused unless it is at this version; any when absent.' }),
    name: t.string({ description: 'What people call it, 1 to 500 characters.' }),
    description: t.string({ description: 'What it is for, at most 10,000 characters; null: nothing.' }),
    key: t.string({ description: 'The whole key of the events that it takes, instead of what it took before.' }),
    keyPrefix: t.string({
      description: 'How the keys of the events begin that it takes, instead of what it took before.',
    }),
    condition: t.string({ description: `${CONDITION} Null: any.` }),
    task: t.field({ type: TriggeredTaskInput, description: 'The task that each later event makes, as a whole.' }),
    workflow: t.field({ type: TriggeredRunInput, description: 'The run that each later event starts, as a whole.' }),
    coolDown: t.field({ type: 'Duration', description: 'Time between two starts, 366 days at most.' }),
    maxPerHour: t.int({ description: 'Most that it starts in any hour, 1 to 100,000.' }),
    maxPerDay: t.int({ description: 'Most that it starts in any 24 hours, 1 to 1,000,000.' }),
  }),
})

const CreateTriggerSuccess = triggerPayload(
  'CreateTriggerSuccess',
  'The trigger was made, or had been made before with the same idempotency key.',
)
const UpdateTriggerSuccess = triggerPayload('UpdateTriggerSuccess', 'The trigger was changed.')

builder.objectType(TriggerVersionConflict, {
  name: 'TriggerVersionConflictError',
  description: 'The trigger has changed since the version that the caller expected.',
  interfaces: [UserError],
  fields: (t) => ({
    triggerId: t.exposeID('triggerId', { description: 'The trigger.' }),
    expectedVersion: t.exposeInt('expectedVersion', { description: 'The version that was expected, from 1.' }),
    actualVersion: t.exposeInt('actualVersion', { description: 'The version that the trigger has, from 1.' }),
  }),
})

builder.mutationFields((t) => ({
  createTrigger: t.errorUnionField({
    types: [CreateTriggerSuccess, InvalidInput, UnknownTaskType, UnknownWorkflow, IdempotencyConflict],
    union: {
      name: 'CreateTriggerResult',
      description: 'What came of making a trigger.',
      resolveType: () => 'CreateTriggerSuccess',
    },
    description: 'Makes a trigger. It takes events that are sent from then on.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: CreateTriggerInput, required: true, description: 'The trigger to make.' }) },
    resolve: async (_root, { input }, context) => {
      const { task, workflow, coolDown, ...same } = input
      const result = await createTrigger(context.engine, actorOf(context), {
        ...present(same),
        name: input.name,
        ...(task != null && { task: triggeredTaskOf(task, ['input', 'task']) }),
        ...(workflow != null && { workflow: triggeredRunOf(workflow) }),
        ...(coolDown != null && { coolDownMs: coolDown }),
      })
      return valueOrThrow(result, (path) => ['input', ...path])
    },
  }),
  updateTrigger: t.errorUnionField({
    types: [UpdateTriggerSuccess, InvalidInput, NotFound, TriggerVersionConflict, UnknownTaskType, UnknownWorkflow],
    union: {
      name: 'UpdateTriggerResult',
      description: 'What came of changing a trigger.',
      resolveType: () => 'UpdateTriggerSuccess',
    },
    description: 'Changes a trigger. It holds for every event that no scheduler has looked at yet.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: UpdateTriggerInput, required: true, description: 'The trigger and its changes.' }) },
    resolve: async (_root, { input }, context) => {
      const { id, expectedVersion, task, workflow, coolDown, description, condition, ...same } = input
      const result = await updateTrigger(context.engine, actorOf(context), {
        triggerId: uuidOfField(ID_PREFIXES.trigger, id, ['input', 'id']),
        ...(expectedVersion != null && { expectedVersion }),
        update: {
          ...present(same),
          ...(description !== undefined && { description }),
          ...(condition !== undefined && { condition }),
          ...(task != null && { task: triggeredTaskOf(task, ['input', 'task']) }),
          ...(workflow != null && { workflow: triggeredRunOf(workflow) }),
          ...(coolDown != null && { coolDownMs: coolDown }),
        },
      })
      return valueOrThrow(result, (path) => ['input', ...path])
    },
  }),
}))
