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

const PROTOCOLS = ['@modelcontextprotocol/', '@agentclientprotocol/']

it.each(['interpret.ts', 'carry-out.ts', 'setup.ts', 'tools/project-tools.ts', 'plan.ts', 'preflight.ts'])(
  '%s loads nothing of MCP or ACP before a server or an agent is asked',
  async (module) => {
    const { packages } = await eagerLoad(module)
    expect(packages.filter((name) => PROTOCOLS.some((protocol) => name.startsWith(protocol)))).toEqual([])
  },
)

it('what asks a server loads the client', async () => {
  expect((await eagerLoad('mcp/servers.ts')).packages).toContain('@modelcontextprotocol/client')
})

it('what asks an agent loads its client', async () => {
  expect((await eagerLoad('agents/agents.ts')).packages).toContain('@agentclientprotocol/sdk')
})
