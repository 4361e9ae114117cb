import type { Setting } from './setting.ts'
import { settings } from './settings.ts'

/** The help of `serve`. */
export function settingsHelp(): string {
  const rows = table().map(
    (setting) => [`--${setting.flag}${setting.placeholder ? ` ${setting.placeholder}` : ''}`, setting] as const,
  )
  const width = Math.max(...rows.map(([usage]) => usage.length))
  const lines = rows.map(([usage, setting]) => {
    const value = setting.default ? `, default ${setting.default}` : ''
    return `  ${usage.padEnd(width)}  ${setting.about} (${setting.env}${value})`
  })
  return `Usage: task-mgmt serve [flags]\n\nEach flag can also be set by the variable in brackets; the flag wins.\n\n${lines.join('\n')}\n`
}

/** docs/settings.md, in columns as the formatter wants them. */
export function settingsDocument(): string {
  const rows = table().map((setting) => [
    `\`${setting.env}\``,
    `\`--${setting.flag}\``,
    setting.default ? `\`${setting.default}\`` : '',
    `${setting.about} Expected: ${setting.expected}.${setting.isList ? ' The flag may be repeated.' : ''}`,
  ])
  return `# Settings

The server reads its settings once at the start, from the environment and from flags (\`npm start -- --port 5000\`); a flag wins. All problems
are reported together. This page is made from src/infra/config/settings.ts.

${inColumns(['variable', 'flag', 'default', 'meaning'], rows)}
`
}

function inColumns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function table(): Setting[] {
  return Object.values(settings)
}
