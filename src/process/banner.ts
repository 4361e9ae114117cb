import colors from 'picocolors'
import type { ProcessRole } from '../infra/config/settings.ts'

export interface BannerFacts {
  readonly version: string
  /** null without an HTTP server */
  readonly url: string | null
  readonly roles: readonly ProcessRole[]
  /** Where the data lies. */
  readonly place: string
  /** From the start of the process. */
  readonly readyAfterMs: number
  /** What else the person should know. */
  readonly notices: readonly string[]
}

/** What a person sees when the server is ready: where it is, and what to type next. */
export function banner(facts: BannerFacts): string {
  const api = facts.roles.includes('api') ? facts.url : null
  const rows: [string, string][] = []
  if (api !== null) rows.push(['GraphQL', `${api}/graphql`])
  if (facts.url !== null) rows.push(['Health', `${facts.url}/health`])
  rows.push(['Roles', facts.roles.join(', ')], ['Data', facts.place])
  if (api !== null) rows.push(['Try', firstCommand(api)])
  rows.push(['Stop', 'Ctrl-C'])
  for (const notice of facts.notices) rows.push(['Note', notice])
  const lines = rows.map(([label, value]) => `  ${colors.dim(label.padEnd(9))}${value}`)
  const seconds = (facts.readyAfterMs / 1_000).toFixed(1)
  return `\n${colors.green('●')} ${colors.bold(`task-mgmt ${facts.version}`)} is ready after ${seconds} s\n\n${lines.join('\n')}\n\n`
}

function firstCommand(url: string): string {
  const target = new URL(url).port === '4000' ? '' : `--url ${url} `
  return `npx task-mgmt ${target}task create --name Analysis --type code_analysis --input '{"path":"src"}' --watch`
}
