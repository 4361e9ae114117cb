import type { Terminal } from '../terminal.ts'

/** A text in the colour of a status; statuses of a newer server have none. */
export function paintStatus(text: string, status: string, colors: Terminal['colors']): string {
  switch (status) {
    case 'COMPLETED':
    case 'OK':
    case 'ACTIVE':
      return colors.green(text)
    case 'FAILED':
    case 'LOST':
      return colors.red(text)
    case 'RUNNING':
      return colors.cyan(text)
    case 'RETRYING':
    case 'PAUSED':
    case 'DEGRADED':
    case 'DRAINING':
      return colors.yellow(text)
    case 'WAITING':
    case 'PENDING':
    case 'SCHEDULED':
      return colors.blue(text)
    case 'CANCELLED':
    case 'SKIPPED':
    case 'STOPPED':
      return colors.gray(text)
    default:
      return text
  }
}

/** `[██████░░░░]` of a width, and the percentage. */
export function progressBar(fraction: number, width: number): string {
  const part = Math.min(1, Math.max(0, fraction))
  const full = Math.round(part * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${percent(part)}`
}

export function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)}%`
}
