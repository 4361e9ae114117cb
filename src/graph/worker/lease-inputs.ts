import { z } from 'zod'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { uuidOfField } from '../node-id.ts'
import type { InputFields } from './end-inputs.ts'

/** What tells requests apart. */
export const REQUEST_ID = z.string().min(1, 'is empty').max(200, 'is longer than 200 characters')

/** An epoch that a claim gave. */
export const EPOCH = z.number().min(1, 'is less than 1: pass the epoch that the claim gave')

/** The fields that name a task and the epoch of its lease. */
export const leaseFields = (t: InputFields) => ({
  taskId: t.id({ required: true, description: 'TypeID of the task.' }),
  epoch: t.int({ required: true, description: 'The epoch that the claim gave, from 1.', validate: EPOCH }),
})

/** The fields that name a lease of a worker. */
export const ownLeaseFields = (t: InputFields) => ({
  workerId: t.id({ required: true, description: 'TypeID of the worker that holds the lease.' }),
  ...leaseFields(t),
})

/** @throws InvalidInput when an id is malformed */
export function leaseOf(
  { taskId, epoch }: { readonly taskId: string; readonly epoch: number },
  path: readonly (string | number)[],
): { taskId: string; epoch: number } {
  return { taskId: uuidOfField(ID_PREFIXES.task, taskId, [...path, 'taskId']), epoch }
}

/** @throws InvalidInput when the id is malformed */
export function workerOf({ workerId }: { readonly workerId: string }): string {
  return uuidOfField(ID_PREFIXES.worker, workerId, ['input', 'workerId'])
}
