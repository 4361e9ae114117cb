import type { Exclusions } from './exclusions.ts'

interface Where {
  /** IANA name of the zone whose clock counts. */
  readonly timeZone: string
  /** Local days on which nothing fires. */
  readonly exclude?: Exclusions
}

/** When a schedule fires, as it is kept. */
export type Timing =
  /** Five fields from the minute, or six from the second; or a nickname like `@daily`. */
  | (Where & { readonly kind: 'cron'; readonly expression: string })
  /** Elapsed time, counted from the anchor, which is the first fire. */
  | (Where & { readonly kind: 'interval'; readonly everyMs: number; readonly anchor: string })
  /** Lines of RFC 5545: DTSTART, one RRULE, any EXDATE and RDATE. Local times are those of `timeZone`. */
  | (Where & { readonly kind: 'rrule'; readonly text: string })

export type TimingKind = Timing['kind']

/** Where the wall times of a timing come from: the first strictly after one, or null when there is no more. */
export type WallTimes = (afterWallMs: number) => number | null

/** The timing cannot be understood; `message` says what is wrong and what to write instead. */
export class TimingError extends Error {}
