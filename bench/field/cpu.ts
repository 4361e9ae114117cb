import { readFile } from 'node:fs/promises'

/** CPU time that processes have used so far, in milliseconds; 0 where /proc does not tell. */
export async function cpuMsOf(pids: readonly number[]): Promise<number> {
  const times = await Promise.all(pids.map(ticksOf))
  return times.reduce((sum, ticks) => sum + ticks, 0) * MS_PER_TICK
}

/** Of a server: the process, its children that run, and those that have ended. */
export async function cpuMsOfTree(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return cpuMsOf([pid, ...text.split(' ').filter(Boolean).map(Number)])
}

/** Linux reports in hundredths of a second on every common build. */
const MS_PER_TICK = 10

/** User and system time of a process and of its children that have ended. */
async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name stands in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0)
}
