import { expect, it } from 'vitest'
import { readRoleFile } from '../../../schema/role-file.ts'
import { allowsTool } from '../../../schema/workflow.ts'

/** The tools of ours that the role `dev` gets, and for each MCP server its list. */
function toolsOf(allowed: readonly string[], own = '') {
  const text = `[[roles]]
name = "dev"
system = "S"

[roles.mcp]
server_refs = ["s", "filesystem"]
allowed_tools = ${JSON.stringify(allowed)}

[[mcp.servers]]
name = "s"
type = "stdio"
command = "server"
args = []
${own}
`
  const [role] = readRoleFile({
    file: '.codemie/workflows/team.config.toml',
    bytes: new TextEncoder().encode(text),
  })
  return {
    servers: role?.mcpServers.map(({ name, tools }) => [name, ...tools]),
    reads: role?.tools.some(({ name }) => name === 'read_file'),
  }
}

it.each([
  { allowed: [], servers: [['s']], reads: true },
  { allowed: ['s:*'], servers: [['s']], reads: false },
  { allowed: ['s:die*'], servers: [['s', 'die*']], reads: false },
  { allowed: ['say', 's:die*'], servers: [['s', 'say', 'die*']], reads: false },
  { allowed: ['s:say', 'filesystem:view'], servers: [['s', 'say']], reads: true },
  { allowed: ['filesystem:view'], servers: [], reads: true },
  { allowed: ['other:*'], servers: [], reads: false },
  { allowed: ['view*'], servers: [], reads: false },
])('$allowed gives these tools, and no other', ({ allowed, servers, reads }) => {
  expect(toolsOf(allowed)).toEqual({ servers, reads })
})

it.each([
  [['s:die*'], [['s', 'die', 'die_later']]],
  [['s:*'], [['s', 'say', 'die', 'die_later']]],
  [['s:other'], []],
  [['filesystem:view'], []],
])("%s gives of a server's own list what is in both", (allowed, servers) => {
  expect(toolsOf(allowed, 'tools = ["say", "die", "die_later"]').servers).toEqual(servers)
})

it('a list of a server has names, and beginnings of names', () => {
  const list = ['say', 'die*']
  expect(['say', 'say_more', 'die', 'die_later', 'd'].filter((tool) => allowsTool(list, tool))).toEqual([
    'say',
    'die',
    'die_later',
  ])
})
