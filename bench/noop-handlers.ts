import { defineTaskType } from '../src/worker/define-task-type.ts'

export const noop = defineTaskType({ name: 'noop', description: 'Does nothing.', handler: () => null })
