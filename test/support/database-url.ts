/** The migrated database that every test's database is a copy of. */
export const templateName = 'task_mgmt_template'

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}
