import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { uuidOf } from '../../src/task/type-id.ts'

/** What a handler writes down, outside the database, so that no transaction and no bug of ours can undo it. */
export interface WitnessLine {
  /** `returned` and `threw` come right before the handler ends so, `stopped` when its signal ended it. */
  readonly what: 'began' | 'returned' | 'threw' | 'stopped'
  /** uuid of the task */
  readonly id: string
  readonly epoch: number
  readonly attempt: number
  readonly pid: number
  /** Microseconds of the machine's monotonic clock, which all processes share. */
  readonly at: number
}

export type Note = Omit<WitnessLine, 'pid' | 'at'>

/** Appends to this process's own file; one write for each line, so that a kill cuts off at most the last. */
export function writeWitness(folder: string, note: Note): void {
  const line = { ...note, pid: process.pid, at: Number(process.hrtime.bigint() / 1_000n) } satisfies WitnessLine
  appendFileSync(fileOf(folder, process.pid), `${JSON.stringify(line)}\n`)
}

/** All lines of all processes, by time. Handlers know tasks by TypeID; here they are uuids. */
export function readWitness(folder: string): WitnessLine[] {
  return readdirSync(folder)
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as WitnessLine)
    .map((line) => ({ ...line, id: uuidOf('task', line.id) ?? line.id }))
    .sort((a, b) => a.at - b.at)
}

/** Bytes that a process has written so far: says that it works without reading what. */
export function witnessSize(folder: string, pid: number): number {
  return statSync(fileOf(folder, pid), { throwIfNoEntry: false })?.size ?? 0
}

function fileOf(folder: string, pid: number): string {
  return join(folder, `${pid}.jsonl`)
}
