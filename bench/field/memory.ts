import { readFile } from 'node:fs/promises'
import { rssMbOf } from '../rss.ts'

/** Largest memory seen of each kind of process, in MiB; 0 where /proc does not tell. */
export interface Memory {
  readonly senderMb: number
  /** Of the largest worker process. */
  readonly workerMb: number
  /** All processes of the server; what they share counts once. */
  readonly postgresMb: number
  readonly redisMb: number
}

export interface Watched {
  readonly sender: number
  readonly workers: readonly number[]
  readonly postmaster: number
  readonly redis: number
}

const EVERY_MS = 500

/** Samples memory until it is stopped. @returns stops it, after one last sample */
export function watchMemory({ sender, workers, postmaster, redis }: Watched): () => Promise<Memory> {
  let peak: Memory = { senderMb: 0, workerMb: 0, postgresMb: 0, redisMb: 0 }
  const sample = async (): Promise<void> => {
    const [senderMb, redisMb, postgresMb, ...ofWorkers] = await Promise.all([
      rssMbOf(sender),
      rssMbOf(redis),
      treeMbOf(postmaster),
      ...workers.map(rssMbOf),
    ])
    peak = {
      senderMb: Math.max(peak.senderMb, senderMb),
      workerMb: Math.max(peak.workerMb, ...ofWorkers),
      postgresMb: Math.max(peak.postgresMb, postgresMb),
      redisMb: Math.max(peak.redisMb, redisMb),
    }
  }
  const timer = setInterval(() => void sample(), EVERY_MS)
  return async () => {
    clearInterval(timer)
    await sample()
    return peak
  }
}

/** A process and its children, each page divided by those who share it. */
async function treeMbOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const pids = [pid, ...text.split(' ').filter(Boolean).map(Number)]
  const sizes = await Promise.all(pids.map(proportionalMbOf))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function proportionalMbOf(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024
}
