import { expect, it } from 'vitest'
import { eagerLoad } from '../../../helpers/eager-load.ts'

it.each([
  'models/client.ts',
  'models/structured.ts',
  'models/check-provider.ts',
  'models/prices.ts',
  'models/tokens.ts',
])('%s loads no package before it is needed', async (module) => {
  expect((await eagerLoad(module)).packages).toEqual([])
})

it.each(['interpret.ts', 'tools/project-tools.ts', 'plan.ts', 'preflight.ts'])(
  '%s loads nothing of MCP before a server is asked',
  async (module) => {
    expect(
      (await eagerLoad(module)).packages.filter((name) => name.startsWith('@modelcontextprotocol')),
    ).toEqual([])
  },
)

it('what asks a server loads the client', async () => {
  expect((await eagerLoad('mcp/servers.ts')).packages).toContain('@modelcontextprotocol/client')
})
