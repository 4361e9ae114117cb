import type { ResourceAmountsFragment } from '../../sdk/generated/operations.ts'
import { clean } from './text.ts'

const UNITS: Readonly<Record<string, string>> = {
  cpuCores: 'cpu',
  memoryMb: 'MB',
  diskMb: 'MB disk',
  networkMbps: 'Mbit/s',
}

/** Amounts on a line, like `2 cpu, 512 MB, 1 license`; empty for none. */
export function showResources(resources: ResourceAmountsFragment): string {
  return amountsOf(resources)
    .map(([name, amount]) => `${amount} ${unitOf(name)}`)
    .join(', ')
}

/** What is taken of what there is, like `2/8 cpu, 512/16384 MB`; empty when there is nothing. */
export function showUse(usage: ResourceAmountsFragment, capacity: ResourceAmountsFragment): string {
  const taken = new Map(amountsOf(usage))
  return amountsOf(capacity)
    .map(([name, amount]) => `${round(taken.get(name) ?? 0)}/${amount} ${unitOf(name)}`)
    .join(', ')
}

function amountsOf({ custom, ...known }: ResourceAmountsFragment): [string, number][] {
  const own = custom.map(({ name, amount }): [string, number] => [name, amount])
  return [...Object.entries(known), ...own].flatMap(([name, amount]): [string, number][] =>
    typeof amount === 'number' ? [[name, amount]] : [],
  )
}

function unitOf(name: string): string {
  return UNITS[name] ?? clean(name)
}

function round(amount: number): number {
  return Number(amount.toPrecision(6))
}
