import { expect, it } from 'vitest'
import { settingsDocument, settingsHelp } from '../../../src/infra/config/describe-settings.ts'

it('keeps docs/settings.md equal to the table of settings (npx vitest -u writes it)', async () => {
  await expect(settingsDocument()).toMatchFileSnapshot('../../../docs/settings.md')
})

it('names every flag with its variable and default in the help', () => {
  expect(settingsHelp()).toContain('--port NUMBER')
  expect(settingsHelp()).toContain('(TASK_MGMT_SLOTS, default 10)')
})
