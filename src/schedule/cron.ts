import { Cron } from 'croner'
import { TimingError, type WallTimes } from './timing.ts'

const NICKNAMES = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@hourly']

/**
 * The wall times of a cron expression: minute, hour, day of month, month, day of week, with seconds before them when there are six
 * fields. Names, lists, ranges, steps, `L`, `W` and `#` are understood; days of month and of week are alternatives, as in Vixie cron.
 *
 * @throws TimingError when the expression is none
 * @see https://croner.56k.guru
 */
export function cronTimes(expression: string): WallTimes {
  const text = expression.trim()
  const fields = text.split(/\s+/).length
  if (text.startsWith('@')) {
    if (!NICKNAMES.includes(text.toLowerCase()))
      throw new TimingError(`"${text}" is no nickname; known are ${NICKNAMES.join(', ')}`)
  } else if (fields !== 5 && fields !== 6) {
    throw new TimingError(
      `"${text}" has ${text === '' ? 0 : fields} fields; write five (minute, hour, day, month, weekday), or six with the second before them`,
    )
  }
  const cron = compile(text)
  return (afterWallMs) => cron.nextRun(new Date(afterWallMs))?.getTime() ?? null
}

// In UTC, whose clock never jumps: the library does the calendar's arithmetic, zone-time.ts that of the zone.
function compile(text: string): Cron {
  try {
    return new Cron(text, { timezone: 'UTC', paused: true, mode: text.startsWith('@') ? 'auto' : '5-or-6-parts' })
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)
    throw new TimingError(`"${text}" is no cron expression: ${reason}`)
  }
}
