import colors from 'picocolors'

export interface BannerFacts {
  readonly version: string
  readonly url: string
  /** Where the data lies. */
  readonly place: string
  readonly isEmbedded: boolean
  /** From the start of the process. */
  readonly readyAfterMs: number
  /** What else the person should know. */
  readonly notices: readonly string[]
}

/** What a person sees when the server is ready: where it is, and what to type next. */
export function banner(facts: BannerFacts): string {
  const port = new URL(facts.url).port
  const target = port === '4000' ? '' : `--url ${facts.url} `
  const rows = [
    ['GraphQL', `${facts.url}/graphql`],
    ['Health', `${facts.url}/health`],
    ['Data', facts.isEmbedded ? `${facts.place} (embedded PostgreSQL)` : facts.place],
    ['Try', `npx task-mgmt ${target}task create --name Analysis --type code_analysis --input '{"path":"src"}' --watch`],
    ['Stop', 'Ctrl-C'],
    ...facts.notices.map((notice) => ['Note', notice] as const),
  ] as const
  const lines = rows.map(([label, value]) => `  ${colors.dim(label.padEnd(9))}${value}`)
  const seconds = (facts.readyAfterMs / 1_000).toFixed(1)
  return `\n${colors.green('●')} ${colors.bold(`task-mgmt ${facts.version}`)} is ready after ${seconds} s\n\n${lines.join('\n')}\n\n`
}
