// A process of its own for one measurement of the engine: an untouched heap, and its own place on the machine's processors.
import { measureEngine } from './engine-throughput.ts'

const { url, tasks, slots } = JSON.parse(process.argv[2]!) as { url: string; tasks: number; slots: number }
process.send!(await measureEngine(url, { tasks, slots }))
process.disconnect()
