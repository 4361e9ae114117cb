import type { Cursor } from './cursor.ts'
import type { EventFilter } from './filter.ts'

/** What a reader gets from the log: entries in the order of their ids, with the cursor after them. */
export interface Unseen<Item> {
  readonly kind: 'unseen'
  readonly items: readonly Item[]
  readonly cursor: Cursor
  /** Whether everything that was committed when the read began has been delivered. */
  readonly isComplete: boolean
}

/** Entries that the cursor has not seen may be gone: the reader chooses where to go on. */
export interface CursorExpired {
  readonly kind: 'expired'
  readonly earliest: Cursor
  readonly now: Cursor
}

export interface ReadOptions {
  /** Most entries to return, from 1. */
  readonly limit: number
  readonly filter?: EventFilter
}
