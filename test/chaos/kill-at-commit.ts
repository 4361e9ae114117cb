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

/** What is known of a transaction under way. */
interface Open {
  readonly texts: string[]
  /** Rows of the last statement. */
  rows: Promise<readonly unknown[]>
}

if (isMainThread && (wanted !== '' || record !== undefined)) {
  const plain = Client.prototype.query as Query
  const open = new WeakMap<object, Open>()
  Client.prototype.query = function query(this: object, ...args: unknown[]) {
    const [given] = args
    const text = typeof given === 'string' ? given : String((given as { text?: string } | undefined)?.text ?? '')
    const send = () => plain.apply(this, args)
    if (text.startsWith('BEGIN')) {
      open.set(this, { texts: [], rows: Promise.resolve([]) })
      return send()
    }
    const begun = open.get(this)
    if (text !== 'COMMIT') {
      const answer = send()
      begun?.texts.push(text)
      if (begun !== undefined) begun.rows = rowsOf(answer)
      return answer
    }
    const name = nameOf(begun?.texts ?? [])
    if (name === 'claim') return begun?.rows.then((rows) => (rows.some(isLease) ? commit(name, send) : send()))
    return name === null ? send() : commit(name, send)
  } as typeof Client.prototype.query
}

/** Counts a commit, and dies right before or after it when it is the one. */
function commit(name: string, send: () => unknown): unknown {
  const number = (seen.get(name) ?? 0) + 1
  seen.set(name, number)
  if (record !== undefined) appendFileSync(record, `${name}:${number}\n`)
  const isIt = name === wanted && number === Number(count)
  if (isIt && when === 'before') die()
  const answer = send()
  if (isIt) void (answer as Promise<unknown>).then(die)
  return answer
}

async function rowsOf(answer: unknown): Promise<readonly unknown[]> {
  const result = await Promise.resolve(answer).catch(() => null)
  return (result as { rows?: readonly unknown[] } | null)?.rows ?? []
}

/** Whether a row of a claim's answer is a task that it leased; workers look for tasks all the time, and mostly find none. */
function isLease(row: unknown): boolean {
  return (row as { seen?: unknown }).seen === null
}

function die(): void {
  writeSync(2, `killed ${when} ${wanted} ${count}\n`)
  process.kill(process.pid, 'SIGKILL')
}
