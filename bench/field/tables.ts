import type { BacklogResult, Waiting } from './backlog.ts'
import type { Results } from './results.ts'
import type { SystemName } from './system.ts'
import type { ThroughputResult } from './throughput.ts'

/** A table of text; the first column is a name. */
export interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What the parts of a run found, in the order in which they are read. */
export function tablesOf(results: Results): Table[] {
  const tables = [
    throughputTable(results),
    costTable(results),
    latencyTable(results),
    backlogTable(results),
    fairnessTable(results),
    memoryTable(results),
  ]
  return tables.filter(({ rows }) => rows.length > 0)
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const ms = (value: number): string => (value < 100 ? value.toFixed(1) : whole(value))
const nameOf = ({ system, setup, hasHistory }: Pick<ThroughputResult, 'system' | 'setup' | 'hasHistory'>): string =>
  `${system}, ${setup}${hasHistory && system !== 'ours' ? ', with history' : ''}`

function throughputTable({ throughput, sizes }: Results): Table {
  const best = (workers: number): number | undefined =>
    throughput.find((one) => one.system === 'ours' && one.setup === 'best' && one.workers === workers)?.perSecond
  const cell = (one: ThroughputResult | undefined): string => {
    if (one === undefined) return '–'
    const ours = best(one.workers)
    const ratio = ours === undefined || one.system === 'ours' ? '' : ` (ours ${times(ours / one.perSecond)})`
    return `${whole(one.perSecond)}${one.isComplete ? '' : ' ¹'}${ratio}`
  }
  const groups = Map.groupBy(throughput, nameOf)
  return {
    title: `(a) Tasks per second from enqueue to completion, ${whole(sizes.tasks)} tasks whose handler does nothing`,
    head: ['system', '1 worker process', '2 worker processes'],
    rows: [...groups].map(([name, cases]) => [
      name,
      cell(cases.find(({ workers }) => workers === 1)),
      cell(cases.find(({ workers }) => workers === 2)),
    ]),
  }
}

function costTable({ throughput }: Results): Table {
  const shown = throughput.filter(({ workers, isComplete, setup }) => workers === 1 && isComplete && setup === 'best')
  return {
    title: 'What one task costs, 1 worker process',
    head: ['system', 'CPU of Node, µs', 'CPU of PostgreSQL, µs', 'CPU of Redis, µs', 'WAL, bytes', 'commits'],
    rows: shown.map((one) => [
      nameOf(one),
      whole(one.perTask.nodeUs),
      whole(one.perTask.postgresUs),
      whole(one.perTask.redisUs),
      whole(one.perTask.walBytes),
      one.perTask.commits.toFixed(3),
    ]),
  }
}

function latencyTable({ latency }: Results): Table {
  return {
    title: '(b) One task on an idle system, from enqueue to the start of its handler in another process',
    head: ['system', 'p50, ms', 'p99, ms', 'samples'],
    rows: latency.map(({ system, setup, p50, p99, samples }) => [
      `${system}, ${setup}`,
      ms(p50),
      ms(p99),
      String(samples),
    ]),
  }
}

function backlogTable({ backlog, sizes }: Results): Table {
  const groups = Map.groupBy(backlog, ({ system }) => system)
  const cell = (one: BacklogResult | undefined): string =>
    one === undefined ? '–' : `${one.p50.toFixed(2)} / ${one.p99.toFixed(2)}`
  const row = (system: SystemName, found: readonly BacklogResult[]): string[] => {
    const of = (waiting: Waiting): BacklogResult | undefined =>
      found.find((one) => JSON.stringify(one.waiting) === JSON.stringify(waiting))
    const [first, last] = [of({ served: sizes.backlogs[0]! }), of({ served: sizes.backlogs.at(-1)! })]
    return [
      system,
      ...sizes.backlogs.map((size) => cell(of({ served: size }))),
      first && last ? times(last.p50 / first.p50) : '–',
      cell(of({ unserved: sizes.backlogs.at(-1)! })),
      cell(of({ held: sizes.backlogs.at(-1)! })),
    ]
  }
  return {
    title: '(c) A claim of ten from a backlog, p50 / p99 in ms',
    head: [
      'system',
      ...sizes.backlogs.map((size) => `${whole(size)} wait`),
      'largest : smallest',
      `${whole(sizes.backlogs.at(-1)!)} unserved in front`,
      `${whole(sizes.backlogs.at(-1)!)} held by a full key in front`,
    ],
    rows: [...groups].map(([system, found]) => row(system, found)),
  }
}

function fairnessTable({ fairness, sizes }: Results): Table {
  const wait = (value: number | null): string =>
    value === null ? `over ${sizes.fairnessSeconds} s` : `${ms(value)} ms`
  return {
    title: `(d) One client has sent ${whole(sizes.flood)} tasks, another sends 10 a second for ${sizes.fairnessSeconds} s: its wait (50 slots, handlers of 50 ms)`,
    head: ['system', 'p50', 'p99', 'sent', 'never started'],
    rows: fairness.map(({ system, strategy, p50, p99, sent, unstarted }) => [
      strategy === null ? system : `${system}, ${strategy}`,
      wait(p50),
      wait(p99),
      String(sent),
      String(unstarted),
    ]),
  }
}

function memoryTable({ throughput }: Results): Table {
  const shown = throughput.filter(({ setup, workers }) => setup === 'best' && workers === 1)
  return {
    title: '(e) Largest memory during (a), 1 worker process, in MiB',
    head: ['system', 'sender', 'worker', 'PostgreSQL', 'Redis'],
    rows: shown.map((one) => [
      nameOf(one),
      whole(one.memory.senderMb),
      whole(one.memory.workerMb),
      whole(one.memory.postgresMb),
      whole(one.memory.redisMb),
    ]),
  }
}

function times(ratio: number): string {
  return `${ratio < 10 ? ratio.toFixed(2) : whole(ratio)} ×`
}
