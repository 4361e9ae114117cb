import { appendFileSync, writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { Client } from 'pg'

// Imported by servers that are to die of SIGKILL right before or right after a commit: KILL_AT names which, as in `step:7:before`. Without
// it each commit is only written down, a line with its name, to the file KILL_RECORD.

type Query = (...args: unknown[]) => unknown

const [wanted, count, when] = (process.env.KILL_AT ?? '::').split(':')
const record = process.env.KILL_RECORD
const seen = new Map<string, number>()

/** What a transaction did, by the tables that its statements name; null: nothing of runs. */
function nameOf(texts: readonly string[]): string | null {
  const text = texts.join('\n')
  if (/INSERT INTO "step_run"|UPDATE "workflow_run"/.test(text)) return 'step'
  if (/INSERT INTO "attempt_record"/.test(text)) return 'end'
  if (/SKIP LOCKED/.test(text) && /"claimed_at"/.test(text)) return 'claim'
  return null
}

if (isMainThread && (wanted !== '' || record !== undefined)) {
  const plain = Client.prototype.query as Query
  const open = new WeakMap<object, string[]>()
  Client.prototype.query = function query(this: object, ...args: unknown[]) {
    const [given] = args
    const text = typeof given === 'string' ? given : String((given as { text?: string } | undefined)?.text ?? '')
    if (text.startsWith('BEGIN')) open.set(this, [])
    else if (text !== 'COMMIT') open.get(this)?.push(text)
    const name = text === 'COMMIT' ? nameOf(open.get(this) ?? []) : null
    if (name === null) return plain.apply(this, args)
    const number = (seen.get(name) ?? 0) + 1
    seen.set(name, number)
    if (record !== undefined) appendFileSync(record, `${name}:${number}\n`)
    const isIt = name === wanted && number === Number(count)
    if (isIt && when === 'before') die()
    const answer = plain.apply(this, args)
    if (isIt) void (answer as Promise<unknown>).then(die)
    return answer
  } as typeof Client.prototype.query
}

function die(): void {
  writeSync(2, `killed ${when} ${wanted} ${count}\n`)
  process.kill(process.pid, 'SIGKILL')
}
