import { InvalidArgumentError } from 'commander'
import { parseShortDuration } from '../../text/duration.ts'

/** A duration as people write it, or in ISO 8601, as ISO 8601. */
export function readDuration(text: string): string {
  if (/^P(?=.)/i.test(text)) return text.toUpperCase()
  const ms = parseShortDuration(text)
  if (ms === null) throw new InvalidArgumentError('Write a duration like 30s, 5m or 1h30m.')
  return `PT${ms / 1_000}S`
}

/** A time to come: RFC 3339, or a duration from now like 10m. */
export function readTime(now: () => Date): (text: string) => string {
  return (text) => {
    const ms = parseShortDuration(text.replace(/^\+/, ''))
    if (ms !== null) return new Date(now().getTime() + ms).toISOString()
    const time = new Date(text)
    if (Number.isNaN(time.getTime())) {
      throw new InvalidArgumentError('Write a time like 2030-01-31T08:00:00Z, or a duration from now like 10m.')
    }
    return time.toISOString()
  }
}
