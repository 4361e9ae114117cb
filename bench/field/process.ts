// A process of the field: it holds one end of one system, and does what the bench asks over the channel of its parent.
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Backlog,
  type BacklogKind,
  clockMs,
  type FieldSystem,
  type Load,
  type Run,
  type Sender,
  type Worker,
} from './system.ts'

/** What the parent may ask, and what comes back. */
export interface Asks {
  install(): Promise<void>
  openSender(): Promise<void>
  /** Sends tasks in batches as fast as they are taken. */
  flood(order: { client: string; count: number; batch: number }): Promise<void>
  /** Sends single tasks at a steady rate. */
  trickle(order: { client: string; perSecond: number; seconds: number }): Promise<void>
  countUnfinished(): Promise<number>
  /** Starts a worker; from now on reports of starts come as messages of their own. */
  startWorker(order: { watch: string }): Promise<void>
  flushed(): Promise<void>
  openBacklog(): Promise<void>
  fill(order: { count: number; kind: BacklogKind }): Promise<void>
  /** Times claims. @returns milliseconds of each */
  claim(order: { times: number; limit: number }): Promise<number[]>
  close(): Promise<void>
}

/** Sent unasked, a few times a second: handlers started so far, and the waits of the watched client since the last report. */
export interface StartReport {
  readonly started: number
  readonly waitsMs: readonly number[]
}

const REPORT_EVERY_MS = 20

const run = JSON.parse(process.argv[2]!) as Run
const { system } = (await import(`./systems/${run.system}.ts`)) as { system: FieldSystem }
let sender: Sender | undefined
let worker: Worker | undefined
let backlog: Backlog | undefined

const asks: Asks = {
  install: () => system.install(run),
  async openSender() {
    sender = await system.openSender(run)
  },
  async flood({ client, count, batch }) {
    for (let sent = 0; sent < count; sent += batch) {
      const size = Math.min(batch, count - sent)
      await sender!.send(Array.from({ length: size }, () => ({ client, sentAt: clockMs() })))
    }
  },
  async trickle({ client, perSecond, seconds }) {
    const start = clockMs()
    for (let sent = 0; sent < perSecond * seconds; sent++) {
      await delay(Math.max(0, start + (sent * 1_000) / perSecond - clockMs()))
      await sender!.send([{ client, sentAt: clockMs() }])
    }
  },
  countUnfinished: () => sender!.countUnfinished(),
  async startWorker({ watch }) {
    let report: { started: number; waitsMs: number[] } = { started: 0, waitsMs: [] }
    let isNew = false
    const note = (load: Load): void => {
      report.started += 1
      isNew = true
      if (load.client === watch) report.waitsMs.push(clockMs() - load.sentAt)
    }
    const handler =
      run.handlerMs === 0
        ? note
        : async (load: Load): Promise<void> => {
            note(load)
            await delay(run.handlerMs)
          }
    worker = await system.startWorker(run, handler)
    setInterval(() => {
      if (!isNew) return
      isNew = false
      // Who asked for it may be gone.
      process.send!({ report }, undefined, undefined, () => undefined)
      report = { started: report.started, waitsMs: [] }
    }, REPORT_EVERY_MS)
  },
  flushed: () => worker!.flushed(),
  async openBacklog() {
    backlog = await system.openBacklog(run)
  },
  fill: ({ count, kind }) => backlog!.fill(count, kind),
  async claim({ times, limit }) {
    const took: number[] = []
    for (let done = 0; done < times; done++) {
      const start = clockMs()
      const got = await backlog!.claim(limit)
      took.push(clockMs() - start)
      if (got !== limit) throw new Error(`A claim of ${limit} brought ${got}`)
    }
    return took
  },
  async close() {
    await sender?.close()
    await worker?.stop()
    await backlog?.close()
  },
}

process.on('message', async ({ id, ask, order }: { id: number; ask: keyof Asks; order: never }) => {
  try {
    process.send!({ id, answer: await asks[ask](order) })
  } catch (error) {
    process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
process.on('disconnect', () => process.exit())
process.send!({ isReady: true })
