import { builder } from './builder.ts'
import { type InputIssue, InvalidInput } from './invalid-input.ts'
import { TaskStatusEnum } from './task/task-enums.ts'
import {
  DependencyCycle,
  EventIdConflict,
  IdempotencyConflict,
  IllegalTransition,
  NotFound,
  StaleLease,
  UnknownTaskType,
  VersionConflict,
} from './user-failure.ts'

interface UserErrorShape {
  readonly code: string
  readonly message: string
  readonly path: readonly string[] | null
}

/** The interface of every expected refusal. */
export const UserError = builder.interfaceRef<UserErrorShape>('UserError').implement({
  description: 'Why a verb was refused. Nothing was changed.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable, UPPER_SNAKE_CASE; made for programs.' }),
    message: t.exposeString('message', { description: 'What is wrong, where, and what to do next; made for people.' }),
    path: t.stringList({
      nullable: true,
      description: 'The argument it is about, from `input` inwards; null when it is not about one.',
      resolve: ({ path }) => path && [...path],
    }),
  }),
})

/** One rule that an input breaks. */
export const ValidationIssue = builder.objectRef<InputIssue>('ValidationIssue').implement({
  description: 'One rule that an input breaks.',
  fields: (t) => ({
    path: t.stringList({
      description: 'The argument, from `input` inwards; positions in lists count from 0.',
      resolve: ({ path }) => path.map(String),
    }),
    message: t.exposeString('message', { description: 'The rule, and what was found instead.' }),
  }),
})

builder.objectType(InvalidInput, {
  name: 'ValidationError',
  description: 'The input breaks rules that its description states. All of them are listed.',
  interfaces: [UserError],
  fields: (t) => ({
    issues: t.field({
      type: [ValidationIssue],
      description: 'Every rule that is broken, in the order of the input; at least one.',
      resolve: ({ issues }) => [...issues],
    }),
  }),
})

builder.objectType(UnknownTaskType, {
  name: 'UnknownTaskTypeError',
  description: 'No task type has this name.',
  interfaces: [UserError],
  fields: (t) => ({
    type: t.exposeString('type', { description: 'The name that was asked for.' }),
    knownTypes: t.stringList({
      description: 'Names that are registered, in alphabetical order, at most 100.',
      resolve: ({ knownTypes }) => knownTypes.slice(0, 100),
    }),
  }),
})

builder.objectType(NotFound, {
  name: 'NotFoundError',
  description: 'What the id names does not exist in your tenant.',
  interfaces: [UserError],
  fields: (t) => ({ id: t.exposeID('id', { description: 'The id that leads nowhere.' }) }),
})

builder.objectType(DependencyCycle, {
  name: 'DependencyCycleError',
  description: 'The dependencies of the new tasks lead back to where they start, so that none could ever run.',
  interfaces: [UserError],
  fields: (t) => ({
    cycle: t.stringList({
      description: 'Keys or ids of the tasks on the circle, in order; the first stands at the end again.',
      resolve: ({ cycle }) => [...cycle],
    }),
  }),
})

builder.objectType(IdempotencyConflict, {
  name: 'IdempotencyConflictError',
  description: 'The idempotency key was used before with another request.',
  interfaces: [UserError],
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The idempotency key.' }),
    taskIds: t.idList({
      description: 'The tasks that the key made, in order, at most 100.',
      resolve: ({ taskIds }) => taskIds.slice(0, 100),
    }),
    runId: t.exposeID('runId', { nullable: true, description: 'The run that the key started.' }),
  }),
})

builder.objectType(IllegalTransition, {
  name: 'IllegalTransitionError',
  description: 'The task stands where this cannot be asked of it.',
  interfaces: [UserError],
  fields: (t) => ({
    taskId: t.exposeID('taskId', { description: 'The task.' }),
    from: t.field({
      type: TaskStatusEnum,
      description: 'Where the task stands.',
      resolve: ({ from }) => from as never,
    }),
    command: t.exposeString('command', {
      description: 'What was asked of it: cancel, pause, resume, retry or update.',
    }),
  }),
})

builder.objectType(EventIdConflict, {
  name: 'EventIdConflictError',
  description: 'The sender’s id of an event was used before, with another key or payload.',
  interfaces: [UserError],
  fields: (t) => ({
    id: t.exposeString('id', { description: 'The sender’s id.' }),
    eventId: t.exposeID('eventId', { description: 'The event that took it.' }),
  }),
})

builder.objectType(VersionConflict, {
  name: 'VersionConflictError',
  description: 'The task has changed since the version that the caller expected.',
  interfaces: [UserError],
  fields: (t) => ({
    taskId: t.exposeID('taskId', { description: 'The task.' }),
    expectedVersion: t.exposeInt('expectedVersion', { description: 'The version that was expected, from 1.' }),
    actualVersion: t.exposeInt('actualVersion', { description: 'The version that the task has, from 1.' }),
  }),
})

builder.objectType(StaleLease, {
  name: 'StaleLeaseError',
  description: 'The lease is over, or another worker’s: what was reported changed nothing.',
  interfaces: [UserError],
  fields: (t) => ({
    taskId: t.exposeID('taskId', { description: 'The task.' }),
    epoch: t.exposeInt('epoch', { description: 'The epoch that was reported, from 1.' }),
    currentEpoch: t.exposeInt('currentEpoch', { description: 'The epoch of the latest lease of the task.' }),
    status: t.field({
      type: TaskStatusEnum,
      description: 'Where the task stands.',
      resolve: ({ status }) => status as never,
    }),
  }),
})
