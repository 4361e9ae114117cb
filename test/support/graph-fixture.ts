import { afterAll } from 'vitest'
import { decodeTypeId } from '../../src/task/type-id.ts'
import { startGraph, type TestGraph } from './graph.ts'

/** The graph as tests of a file share it. */
export interface GraphFixture {
  readonly graph: TestGraph
  /** The task of a TypeID. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read rows of any shape
  rowOf(id: string): Promise<any>
  /** How many rows there are of `table WHERE …`. */
  countOf(sql: string, values?: unknown[]): Promise<number>
}

/** Serves the graph until the tests of the file are over: awaited at its top. */
export async function graphFixture(): Promise<GraphFixture> {
  const graph = await startGraph()
  afterAll(() => graph.stop())
  return {
    graph,
    rowOf: async (id) => (await graph.pool.query('SELECT * FROM task WHERE id = $1', [uuidIn(id)])).rows[0],
    countOf: async (sql, values = []) =>
      (await graph.pool.query(`SELECT count(*)::int AS n FROM ${sql}`, values)).rows[0].n,
  }
}

/** The uuid within a TypeID of any kind. */
export function uuidIn(id: string): string {
  return decodeTypeId(id)!.uuid
}
