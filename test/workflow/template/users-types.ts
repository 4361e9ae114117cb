/** The types that templates may ask the workers of users for. */
export const USERS_TYPES = [
  'code_generation',
  'code_review',
  'testing',
  'deployment',
  'monitoring',
  'integration_task',
  'evaluation_task',
  'custom',
]
