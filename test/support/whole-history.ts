import type { Pool } from 'pg'
import { expect } from 'vitest'
import { readHistory } from './read-history.ts'
import { historyProblems } from './task-history.ts'

/** Fails unless the log of a database tells the whole story of its tasks, and nothing else. */
export async function expectWholeHistory(db: Pool): Promise<void> {
  expect(historyProblems(await readHistory(db))).toEqual([])
}
