import { resolve } from 'node:path'
import { z } from 'zod'

/** One setting of the server: where it comes from and what it may be. Everything said about settings elsewhere is made from these. */
export interface Setting<T = unknown> {
  /** Name of the environment variable. */
  readonly env: string
  /** Name of the flag of `serve`, without the dashes; it wins over the environment. */
  readonly flag: string
  /** What stands after the flag in the help; absent for flags without a value. */
  readonly placeholder?: string
  /** As it would be typed; undefined means not set. */
  readonly default: string | undefined
  /** One sentence. */
  readonly about: string
  /** Completes "expected …". */
  readonly expected: string
  /** Reads the text; why it fails is said by `expected`. */
  readonly parse: z.ZodType<T, string>
  /** May be given several times; the values are joined by commas. */
  readonly isList?: boolean
  /** Not to be shown; of a URL its password. */
  readonly isSecret?: boolean
}

/** Text of a whole number within the bounds. */
export function wholeNumber(least: number, most: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most))
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Text of a length of time, a whole number with its unit (`90s`, `5m`, `12h`, `30d`), within the bounds; in milliseconds. */
export function duration(least: string, most: string): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,9}[smhd]$/)
    .transform(millisecondsOf)
    .pipe(z.number().min(millisecondsOf(least)).max(millisecondsOf(most)))
}

function millisecondsOf(text: string): number {
  return Number(text.slice(0, -1)) * UNIT_MS[text.slice(-1) as keyof typeof UNIT_MS]
}

/** Text of one of the values. */
export function oneOf<const T extends string>(values: readonly T[]): z.ZodType<T, string> {
  return z.string().pipe(z.enum(values))
}

/** Text of items between commas, each read by `item`; repeated items count once. */
export function listOf<T>(item: z.ZodType<T, string>): z.ZodType<readonly T[], string> {
  return z
    .string()
    .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))].filter((part) => part !== ''))
    .pipe(z.array(item))
}

/** Text of items `name=value` between commas; of the same name the last counts. */
export const pairs: z.ZodType<Readonly<Record<string, string>>, string> = listOf(
  z
    .string()
    .regex(/^[\w./-]+=[\w./-]+$/)
    .transform((text) => text.split('=') as [string, string]),
).transform((list) => Object.fromEntries(list))

/** Text of items `name=number` between commas. */
export const amounts: z.ZodType<Readonly<Record<string, number>>, string> = pairs.pipe(
  z.record(
    z.string(),
    z
      .string()
      .regex(/^\d+(\.\d+)?$/)
      .transform(Number),
  ),
)

/** Text of items `name=whsec_…` between commas: by their names the secrets, of a name that stands more than once all of them. */
export const webhookSecrets: z.ZodType<Readonly<Record<string, readonly string[]>>, string> = listOf(
  z
    .string()
    .regex(/^[\w.-]{1,100}=whsec_[A-Za-z0-9+/]{32,86}={0,2}$/)
    .transform(nameAndRest),
).transform((list) =>
  Object.fromEntries(
    [...Map.groupBy(list, ([name]) => name)].map(([name, items]) => [name, items.map(([, secret]) => secret)]),
  ),
)

/** Text of items `host=value of a header` between commas. */
export const authorizations: z.ZodType<Readonly<Record<string, string>>, string> = listOf(
  z
    .string()
    .regex(/^[a-z0-9.-]+(:\d{1,5})?=[\x21-\x7e][\x20-\x7e]*$/)
    .transform(nameAndRest),
).transform((list) => Object.fromEntries(list))

function nameAndRest(text: string): [string, string] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}

/** Text of a path; relative ones start at the working folder. */
export const path: z.ZodType<string, string> = z
  .string()
  .min(1)
  .transform((text) => resolve(text))

/** Text of a URL with one of the schemes. */
export function url(...schemes: string[]): z.ZodType<string, string> {
  return z.string().refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)))
}

/** Text of a URL of http or https that others can be built on: without a query, a fragment or a user; ends without a slash. */
export const httpUrl: z.ZodType<string, string> = z
  .string()
  .refine((text) => URL.canParse(text) && isPlainHttp(new URL(text)))
  .transform((text) => new URL(text).href.replace(/\/+$/, ''))

function isPlainHttp({ protocol, search, hash, username, password }: URL): boolean {
  return /^https?:$/.test(protocol) && [search, hash, username, password].every((part) => part === '')
}

/** Text of a web origin: scheme, host and port, without a path. */
export const origin: z.ZodType<string, string> = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text)

export const flag: z.ZodType<boolean, string> = z
  .enum(['true', 'false', '1', '0'])
  .transform((text) => text === 'true' || text === '1')
