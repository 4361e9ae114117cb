import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Throughput } from './engine-throughput.ts'

/** The engine's throughput on a fresh database, measured in a process of its own. */
export async function inOwnProcess(order: { url: string; tasks: number; slots: number }): Promise<Throughput> {
  const child = fork(new URL('engine-process.ts', import.meta.url), [JSON.stringify(order)])
  const [[result]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
  return result as Throughput
}
