import { pathToFileURL } from 'node:url'
import { TYPES, type WitnessedInput, type WitnessedOutput, witnessed } from './witnessed-handler.ts'

// A worker process over the graph, from the source tree that SOURCE names.

const module = pathToFileURL(`${process.env.SOURCE}/src/remote-worker/worker.ts`).href
const { createWorker } = (await import(module)) as typeof import('../../src/remote-worker/worker.ts')

const worker = createWorker({
  url: process.env.GRAPH_URL!,
  leaseMs: Number(process.env.LEASE_MS),
  slots: Number(process.env.SLOTS),
  graceMs: 1_000,
})
for (const type of TYPES) worker.handle<WitnessedInput, WitnessedOutput>(type, {}, witnessed)

await worker.start()
console.log('The worker is ready.')
await worker.ended
