import { builder } from '../builder.ts'
import { UserError } from '../errors.ts'
import {
  AnswerRefused,
  CannotFork,
  IllegalRunCommand,
  InvalidWorkflow,
  RunsFull,
  UnknownWorkflow,
} from '../user-failure.ts'
import { DefinitionProblemType } from './definition-problem.ts'
import { RunStatusEnum } from './workflow-enums.ts'

builder.objectType(InvalidWorkflow, {
  name: 'InvalidWorkflowError',
  description: 'The definition cannot be run. All that is wrong with it is listed.',
  interfaces: [UserError],
  fields: (t) => ({
    problems: t.field({
      type: [DefinitionProblemType],
      description: 'What is wrong, in the order of the definition, at most 200; warnings are among them.',
      resolve: ({ problems }) => [...problems],
    }),
  }),
})

builder.objectType(UnknownWorkflow, {
  name: 'UnknownWorkflowError',
  description: 'There is no such workflow, or no version of it that can be run.',
  interfaces: [UserError],
  fields: (t) => ({
    workflow: t.exposeString('workflow', { description: 'The name that was asked for.' }),
    version: t.exposeInt('version', {
      nullable: true,
      description: 'The version that was asked for; null when any READY one would do.',
    }),
  }),
})

builder.objectType(IllegalRunCommand, {
  name: 'IllegalRunCommandError',
  description: 'The run stands where this cannot be asked of it.',
  interfaces: [UserError],
  fields: (t) => ({
    runId: t.exposeID('runId', { description: 'The run.' }),
    from: t.field({
      type: RunStatusEnum,
      description: 'Where the run stands.',
      resolve: ({ from }) => from as 'RUNNING',
    }),
    command: t.exposeString('command', { description: 'What was asked of it: cancel, pause, resume or retry.' }),
  }),
})

builder.objectType(CannotFork, {
  name: 'CannotForkError',
  description: 'The run cannot be forked from there: it has not ended, or never came so far.',
  interfaces: [UserError],
  fields: (t) => ({
    runId: t.exposeID('runId', { description: 'The run.' }),
    from: t.exposeString('from', { description: 'Path of the step from which it was to be forked.' }),
  }),
})

builder.objectType(RunsFull, {
  name: 'RunsFullError',
  description: 'As many runs as the workflow allows are under way, and it says to refuse others.',
  interfaces: [UserError],
  fields: (t) => ({
    workflow: t.exposeString('workflow', { description: 'Name of the workflow.' }),
    key: t.exposeString('key', { description: 'What the runs share that are counted; empty: all of the workflow.' }),
    limit: t.exposeInt('limit', { description: 'How many there may be at a time.' }),
  }),
})

builder.objectType(AnswerRefused, {
  name: 'AnswerRefusedError',
  description:
    'The answer was not taken: NOT_AN_APPROVER, ALREADY_DECIDED by the same person, or APPROVAL_CLOSED, as `code` says.',
  interfaces: [UserError],
  fields: (t) => ({ approvalId: t.exposeID('approvalId', { description: 'The approval.' }) }),
})
