import { InvalidArgumentError } from 'commander'

const UNITS_MB: Readonly<Record<string, number>> = { '': 1, m: 1, g: 1_024, t: 1_024 ** 2 }
const SIZE = /^(\d+(?:\.\d+)?)([mgt]?)b?$/i

/** An amount of 0 or more. */
export function readAmount(text: string): number {
  const amount = Number(text)
  if (text.trim() === '' || !Number.isFinite(amount) || amount < 0)
    throw new InvalidArgumentError('Write a number from 0, like 0.5 or 2.')
  return amount
}

/** Megabytes: 512, 512M, 8G, 1.5T. */
export function readMegabytes(text: string): number {
  const [, amount, unit] = SIZE.exec(text.trim()) ?? []
  if (amount === undefined) throw new InvalidArgumentError('Write megabytes, or a size like 512M, 8G or 1.5T.')
  return Number(amount) * UNITS_MB[unit!.toLowerCase()]!
}

export interface NamedAmount {
  readonly name: string
  readonly amount: number
}

/** `name=amount`, several times. */
export function readNamedAmount(text: string, before: readonly NamedAmount[] = []): readonly NamedAmount[] {
  const cut = text.indexOf('=')
  if (cut < 1) throw new InvalidArgumentError('Write it as name=amount, like license=1.')
  return [...before, { name: text.slice(0, cut), amount: readAmount(text.slice(cut + 1)) }]
}

export interface Preferred {
  readonly selector: string
  readonly weight?: number
}

/** A selector, or `selector*weight`, several times. */
export function readPreference(text: string, before: readonly Preferred[] = []): readonly Preferred[] {
  const [, selector, weight] = /^(.*)\*(\d+)$/s.exec(text) ?? [text, text]
  return [...before, { selector: selector!, ...(weight !== undefined && { weight: Number(weight) }) }]
}
