import { readFile } from 'node:fs/promises'

/** Resident memory of a process in MiB; 0 where /proc does not tell. */
export async function rssMbOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(status)?.[1]
  return Number(kilobytes ?? 0) / 1024
}
