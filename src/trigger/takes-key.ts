import type { TriggerState } from './trigger-state.ts'

/** Whether a trigger takes events with a key; the index of triggers says the same of many at once. */
export function takesKey({ key, keyPrefix }: Pick<TriggerState, 'key' | 'keyPrefix'>, eventKey: string): boolean {
  return keyPrefix === null ? key === eventKey : eventKey.startsWith(keyPrefix)
}
