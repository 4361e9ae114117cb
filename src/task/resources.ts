import type { InputIssue } from './refusal.ts'

/** What a task asks of the worker that runs it, or what a worker has. What is absent is 0. */
export interface TaskResources {
  readonly cpuCores?: number
  /** Megabytes of 2^20 bytes. */
  readonly memoryMb?: number
  readonly gpu?: number
  readonly diskMb?: number
  readonly networkMbps?: number
  /** Anything else that a worker has so much of, by a name of your own. */
  readonly custom?: Readonly<Record<string, number>>
}

/** Amounts above 0 by name: those of a {@link TaskResources} and the custom ones beside each other. */
export type Amounts = Readonly<Record<string, number>>

/** What everybody knows by name, and the most that may be asked of it. */
export const RESOURCE_LIMITS = {
  cpuCores: 100_000,
  memoryMb: 1_000_000_000,
  gpu: 100_000,
  diskMb: 100_000_000_000,
  networkMbps: 1_000_000_000,
} as const satisfies Record<Exclude<keyof TaskResources, 'custom'>, number>

export const RESOURCE_NAMES = Object.keys(RESOURCE_LIMITS) as readonly (keyof typeof RESOURCE_LIMITS)[]

const SMALLEST = 0.001
const MOST_CUSTOM = 20
const CUSTOM_LIMIT = 1_000_000_000
const CUSTOM_NAME = /^[a-z][a-z0-9_.-]{0,62}$/
/** Sums of amounts in binary are off by less. */
const TOLERANCE = 1e-6

/** Everything wrong with what is asked for, or with what a worker says it has. */
export function checkResources(resources: TaskResources, path: readonly (string | number)[]): InputIssue[] {
  const { custom = {}, ...known } = resources
  const issues: InputIssue[] = []
  for (const [name, amount] of Object.entries(known)) {
    const most = (RESOURCE_LIMITS as Record<string, number | undefined>)[name]
    if (most === undefined) {
      const message = `is no resource: there are ${RESOURCE_NAMES.join(', ')}, and custom for your own`
      issues.push({ path: [...path, name], message })
    } else issues.push(...checkAmount(amount, most, [...path, name]))
  }
  const names = Object.keys(custom)
  if (names.length > MOST_CUSTOM)
    issues.push({ path: [...path, 'custom'], message: `holds ${names.length} resources; ${MOST_CUSTOM} at most` })
  for (const [name, amount] of Object.entries(custom)) {
    const at = [...path, 'custom', name]
    if (!CUSTOM_NAME.test(name))
      issues.push({ path: at, message: 'is no name: lower case letters, digits and _ . - after a letter, up to 63' })
    else if (name in RESOURCE_LIMITS)
      issues.push({ path: at, message: `is known by itself: ask for ${name} beside custom` })
    issues.push(...checkAmount(amount, CUSTOM_LIMIT, at))
  }
  return issues
}

function checkAmount(amount: unknown, most: number, path: readonly (string | number)[]): InputIssue[] {
  if (typeof amount === 'number' && (amount === 0 || (amount >= SMALLEST && amount <= most))) return []
  const range = `0, or ${SMALLEST} to ${most.toLocaleString('en-US')}`
  return [{ path, message: `is ${amount}; give ${range}` }]
}

/** What a task asks for: each resource as it says, else as its type does; null when nothing. */
export function askedResources(
  asked: TaskResources | undefined,
  defaults: TaskResources | undefined,
): TaskResources | null {
  if (asked === undefined && defaults === undefined) return null
  const custom = { ...given(defaults?.custom ?? {}), ...given(asked?.custom ?? {}) }
  const { custom: _, ...known } = { ...given(defaults ?? {}), ...given(asked ?? {}) }
  return { ...known, ...(Object.keys(custom).length > 0 && { custom }) }
}

function given<Shape extends object>(object: Shape): Shape {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value != null)) as Shape
}

/** The amounts above 0, by name. */
export function amountsOf({ custom, ...known }: TaskResources): Amounts {
  return sorted({ ...custom, ...known }, (amount) => amount)
}

/** The amounts as resources: the reverse of {@link amountsOf}. */
export function resourcesOf(amounts: Amounts): TaskResources {
  const custom: Record<string, number> = {}
  const known: Record<string, number> = {}
  for (const [name, amount] of Object.entries(amounts)) (name in RESOURCE_LIMITS ? known : custom)[name] = amount
  return { ...known, ...(Object.keys(custom).length > 0 && { custom }) }
}

/** What a task that asks for these amounts counts as; by name. */
export function countedAmounts(amounts: Amounts): Amounts {
  return sorted(amounts, sizeUp)
}

function sorted(amounts: Amounts, of: (amount: number) => number): Amounts {
  const entries = Object.entries(amounts).filter(([, amount]) => amount > 0)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, amount]) => [name, of(amount)]))
}

/**
 * The next size from an amount up, less than a tenth more: the numbers of two digits (1.5, 63, 8,100) and eighths of powers of
 * two (1,024, 1,152). Claims probe each combination of sizes that is in use, so there must be few.
 *
 * `size_up` in the database is the same.
 */
export function sizeUp(amount: number): number {
  const decade = 10 ** (Math.floor(Math.log10(amount) + 1e-12) - 1)
  const octave = 2 ** (Math.floor(Math.log2(amount) + 1e-12) - 3)
  return Math.min(stepUp(amount, decade), stepUp(amount, octave))
}

function stepUp(amount: number, step: number): number {
  // Twelve digits: 0.1 + 0.2 is 0.3 again.
  return Number((Math.ceil(amount / step - 1e-9) * step).toPrecision(12))
}

/** Whether all of it is there. */
export function hasRoom(free: Amounts, asked: Amounts): boolean {
  return Object.entries(asked).every(([name, amount]) => amount <= (free[name] ?? 0) + TOLERANCE)
}

/** What is left when so many tasks take so much each; below 0 where that is more than there was. */
export function lessened(free: Amounts, taken: Amounts, times = 1): Amounts {
  const left: Record<string, number> = { ...free }
  for (const [name, amount] of Object.entries(taken)) left[name] = (left[name] ?? 0) - amount * times
  return left
}
