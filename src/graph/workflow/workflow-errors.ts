import { builder } from '../builder.ts'
import { UserError } from '../errors.ts'
import { RunsFull, UnknownWorkflow } from '../user-failure.ts'

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
