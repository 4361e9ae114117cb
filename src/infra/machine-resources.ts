import { availableParallelism, totalmem } from 'node:os'

/** What this process may use of its machine: processors, and memory in megabytes, less where a container is given less. */
export function machineResources(): { readonly cpuCores: number; readonly memoryMb: number } {
  const allowed = process.constrainedMemory()
  const bytes = allowed > 0 && allowed < totalmem() ? allowed : totalmem()
  return { cpuCores: availableParallelism(), memoryMb: Math.floor(bytes / 2 ** 20) }
}
