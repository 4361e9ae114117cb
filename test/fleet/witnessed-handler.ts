import { setTimeout as delay } from 'node:timers/promises'
import { type Note, writeWitness } from './witness.ts'

/** What a task of the fleet's workload asks of its handler. */
export interface WitnessedInput {
  /** How long each execution takes, by its epoch; the last is for all later ones. */
  readonly ms: readonly number[]
  /** Attempts that throw. */
  readonly failures?: number
  /** Goes on after its signal. */
  readonly isDeaf?: boolean
}

/** What it returns: which execution it was. */
export type WitnessedOutput = {
  readonly epoch: number
  readonly pid: number
}

interface Leased {
  /** TypeID */
  readonly id: string
  readonly epoch: number
  readonly attempt: number
  readonly input: WitnessedInput
}

/** Task types that all workers of the fleet serve. */
export const TYPES = ['red', 'green', 'blue'] as const

/** Takes its time and writes down what it does. */
export async function witnessed(
  { id, epoch, attempt, input }: Leased,
  { signal }: { readonly signal: AbortSignal },
): Promise<WitnessedOutput> {
  const { ms, failures = 0, isDeaf = false } = input
  const note = (what: Note['what']): void => writeWitness(process.env.FLEET_WITNESS!, { what, id, epoch, attempt })
  note('began')
  try {
    await delay(ms[Math.min(epoch, ms.length) - 1], undefined, isDeaf ? {} : { signal })
  } catch (error) {
    note('stopped')
    throw error
  }
  if (attempt <= failures) {
    note('threw')
    throw new Error('as asked')
  }
  note('returned')
  return { epoch, pid: process.pid }
}
