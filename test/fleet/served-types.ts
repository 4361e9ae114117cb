import { defineTaskType } from '../../src/worker/define-task-type.ts'
import { TYPES, type WitnessedInput, witnessed } from './witnessed-handler.ts'

/** For `task-mgmt serve --handlers`. */
export const types = TYPES.map((name) => defineTaskType<WitnessedInput>({ name, handler: witnessed }))
