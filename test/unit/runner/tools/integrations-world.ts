import { openIntegration } from '../../../../runner/integrations.ts'
import { loadFamilies, TOOL_FAMILIES } from '../../../../runner/tools/families.ts'
import { hostEntryOf } from '../../../../runner/tools/http-policy.ts'
import type { Tool, ToolPolicy } from '../../../../runner/tools/tool.ts'
import type { Integration } from '../../../../schema/config.ts'
import { createToolWorld, type ToolWorld } from './tool-world.ts'

const families = await loadFamilies(TOOL_FAMILIES.flatMap(({ names }) => names))

/** The tools of families in a world with one integration, `there`, whose token is `tok-123456`. */
export function createIntegrationWorld(
  integration: Pick<Integration, 'url' | 'type'> & Partial<Integration>,
  options: {
    policy?: Partial<ToolPolicy>
    tools?: readonly Tool[]
    onSleep?: (ms: number) => void
    signal?: AbortSignal
    /** Variables besides `TOKEN`. */
    env?: Readonly<Record<string, string>>
  } = {},
): ToolWorld {
  const { url = '' } = integration
  const at = { file: 'config.yaml', line: 1, column: 1 }
  const opened = openIntegration(
    { alias: 'there', env: { token: 'TOKEN' }, options: {}, at, ...integration },
    { TOKEN: 'tok-123456', ...options.env },
  )
  const { policy, env: _env, ...more } = options
  return createToolWorld(
    {},
    { allowedHosts: [hostEntryOf(url) ?? ''], ...policy },
    { tools: families, integration: opened, ...more },
  )
}
