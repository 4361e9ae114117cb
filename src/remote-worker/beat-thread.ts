import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { HeartbeatReport } from '../loop/heartbeat.ts'

/** What the thread is started with. */
export interface BeatOrder {
  readonly url: string
  readonly apiKey: string | undefined
  /** TypeID */
  readonly workerId: string
  readonly intervalMs: number
}

const BEAT = `mutation beat($input: HeartbeatWorkerInput!) { heartbeatWorker(input: $input) {
  __typename ... on HeartbeatWorkerSuccess { state } ... on UserError { message } } }`

const { url, apiKey, workerId, intervalMs } = workerData as BeatOrder

const stopping = new AbortController()
parentPort?.once('message', () => stopping.abort())

while (!stopping.signal.aborted) {
  parentPort?.postMessage(await beat())
  await delay(intervalMs, undefined, { signal: stopping.signal }).catch(() => undefined)
}

/** A bare sign of life: what is held, only the thread of the handlers can tell. */
async function beat(): Promise<HeartbeatReport> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({ query: BEAT, variables: { input: { workerId } } }),
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(2 * intervalMs)]),
    })
    const { data, errors } = (await response.json()) as Answer
    if (data?.heartbeatWorker?.state !== undefined) return { kind: 'beat', state: data.heartbeatWorker.state }
    return { kind: 'missed', why: errors?.[0]?.message ?? data?.heartbeatWorker?.message ?? `HTTP ${response.status}` }
  } catch (error) {
    return { kind: 'missed', why: error instanceof Error ? error.message : String(error) }
  }
}

interface Answer {
  readonly data?: { readonly heartbeatWorker?: { readonly state?: string; readonly message?: string } | null } | null
  readonly errors?: readonly { readonly message: string }[]
}
