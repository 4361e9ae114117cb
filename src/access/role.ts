/** What a principal may do, from most to least; WORKER stands aside and may only work. */
export const ROLES = ['ADMIN', 'OPERATOR', 'DEVELOPER', 'WORKER', 'VIEWER'] as const

export type Role = (typeof ROLES)[number]

const RANK: Record<Role, number> = { ADMIN: 4, OPERATOR: 3, DEVELOPER: 2, VIEWER: 1, WORKER: 0 }

/**
 * Whether a role suffices where another is needed.
 *
 * ADMIN includes OPERATOR, OPERATOR includes DEVELOPER, DEVELOPER includes VIEWER. A worker's key lies on machines that run
 * other people's code, so WORKER includes none of these; only WORKER and ADMIN may do what WORKER may.
 */
export function isRoleEnough(role: Role, needed: Role): boolean {
  if (role === needed || role === 'ADMIN') return true
  if (role === 'WORKER' || needed === 'WORKER') return false
  return RANK[role] >= RANK[needed]
}
