import { describe, expect, test } from 'vitest'
import { createBuiltInTools } from '../../../../runner/tools/built-in.ts'
import { checkArguments } from '../../../../runner/tools/check-arguments.ts'
import { loadFamilies, TOOL_FAMILIES } from '../../../../runner/tools/families.ts'
import { FOREIGN_TOOLS } from '../../../../runner/tools/foreign-names.ts'
import { createToolRegistry, runTool } from '../../../../runner/tools/registry.ts'
import type { Tool } from '../../../../runner/tools/tool.ts'
import { createToolWorld } from './tool-world.ts'

const tools = [...createBuiltInTools(), ...(await loadFamilies(TOOL_FAMILIES.flatMap(({ names }) => names)))]

function fakeTool(name: string, properties: Record<string, unknown> = {}, required: string[] = []): Tool {
  return {
    name,
    description: name,
    reach: 'read',
    aliases: [],
    parameters: { type: 'object', properties, required, additionalProperties: false },
    run: async (args) => args,
  }
}

describe('finding a tool by its name', () => {
  const rows: [name: string, found: string | undefined][] = [
    ['read_file', 'read_file'],
    ['_read_file', 'read_file'],
    ['_read_bootstrap_file', 'read_file'],
    ['_search_files', 'search_files'],
    ['_search_files_by_regex', 'search_files_by_regex'],
    ['_list_files_in_directory', 'list_directory'],
    ['search_code_repo_v2', 'search_files'],
    ['_allowed', 'list_allowed_directories'],
    ['_run_command', 'run_command'],
    ['allowed', undefined],
    ['READ_FILE', undefined],
    ['_', 'read_file'],
  ]
  for (const [name, found] of rows) {
    test(`${name} -> ${found ?? 'nothing'}`, () => {
      const lookup = createToolRegistry(tools).find(name)
      expect(lookup.found ? lookup.tool.name : undefined).toBe(found)
    })
  }

  test('the mapping of the project goes first', () => {
    const registry = createToolRegistry(tools, {
      _read_file: 'git_log',
      my_reader: '_read_file',
      odd: 'red_file',
    })
    expect(registry.find('_read_file')).toMatchObject({ tool: { name: 'git_log' } })
    expect(registry.find('my_reader')).toMatchObject({ tool: { name: 'read_file' } })
    expect(registry.find('odd')).toMatchObject({ found: false, help: 'Did you mean "read_file"?' })
  })

  test('tools of a server behind a prefix, and two with one name', () => {
    const first = fakeTool('fs_special_thing')
    const registry = createToolRegistry([...tools, first, fakeTool('fs_special_thing')])
    expect(registry.find('_special')).toEqual({ found: true, tool: first })
    expect(registry.tools).toHaveLength(tools.length + 1)
  })

  test('a typo, and a tool of CodeMie that is not provided', () => {
    const registry = createToolRegistry(tools)
    expect(registry.find('git_lgo')).toMatchObject({
      problem: 'there is no tool "git_lgo" here',
      help: expect.stringMatching(/^Did you mean "git_log"\? .*tools: \{ git_lgo: \{ use: <tool> \} \}/),
    })
    expect(registry.find('_wikipedia')).toMatchObject({
      help: expect.stringContaining('search MCP server'),
    })
    expect(createToolRegistry([], {}, ['create_issue']).find('creat_isue')).toMatchObject({
      help: expect.stringMatching(/^Did you mean "create_issue"\?/),
    })
  })
})

test.each<[names: readonly string[], loaded: readonly string[]]>([
  [['read_file', 'generic'], []],
  [['_generic_git_tool'], ['generic_git_tool', 'create_branch', 'set_active_branch']],
  [['_sonar'], ['generic_jira_tool', 'generic_confluence_tool', 'sonar']],
  [['_active'], ['generic_git_tool', 'create_branch', 'set_active_branch']],
])('of the families, %j loads those that it can mean', async (names, loaded) => {
  expect((await loadFamilies(names)).map(({ name }) => name)).toEqual(loaded)
})

describe('what the tools say of themselves', () => {
  test('names and aliases are unique, also against the ones not provided', () => {
    const names = [
      ...tools.flatMap((tool) => [tool.name, ...tool.aliases]),
      ...FOREIGN_TOOLS.flatMap((tool) => tool.names),
    ]
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  for (const tool of tools) {
    test(`${tool.name}: schema, descriptions, other names of arguments`, async () => {
      const properties = tool.parameters.properties as Record<string, { description?: string }>
      expect(tool.parameters).toMatchObject({ type: 'object', additionalProperties: false })
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(tool.parameters.required as string[]))
      for (const [name, schema] of Object.entries(properties)) {
        expect(`${name}: ${schema.description ?? ''}`).toMatch(/: .{5,}/)
      }
      for (const [other, own] of Object.entries(tool.argumentNames)) {
        if (Object.hasOwn(properties, own)) expect(properties).not.toHaveProperty(other)
      }
      // Compiles: the schema itself is valid.
      await checkArguments(tool, {}).catch((error) => expect(error.code).toBe('tool-arguments-invalid'))
    })
  }
})

describe('arguments', () => {
  const tool = fakeTool(
    't',
    {
      text: { type: 'string' },
      count: { type: 'integer', minimum: 1 },
      flag: { type: 'boolean' },
      kind: { enum: ['a', 'b'] },
      list: {
        type: 'array',
        items: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] },
      },
    },
    ['text'],
  )

  test('values out of templates are converted, null is left out, the input stays as it is', async () => {
    const args = { text: 'x', count: '5', flag: 'true', kind: null }
    expect(await checkArguments(tool, args)).toEqual({ text: 'x', count: 5, flag: true })
    expect(args.count).toBe('5')
  })

  test('every problem is told at once', async () => {
    const bad = checkArguments(tool, { cuont: 1, count: 0, flag: 'maybe', kind: 'c', list: [{ x: 1 }, {}] })
    await expect(bad).rejects.toMatchObject({
      code: 'tool-arguments-invalid',
      blame: 'workflow',
      message:
        't: the arguments do not fit: "text" is missing; "cuont" is not an argument (did you mean "count"?); "count" must be >= 1; "flag" must be boolean; "kind" must be one of "a", "b"; "list[1].x" is missing',
      help: 't takes text (string); count (integer), optional; flag (boolean), optional; kind, optional; list (array), optional.',
    })
  })

  test('a name of the prototype is an argument like any other', async () => {
    await expect(checkArguments(tool, JSON.parse('{"text": "x", "__proto__": 1}'))).rejects.toMatchObject({
      code: 'tool-arguments-invalid',
    })
  })
})

test('a call from name to result', async () => {
  const { context } = createToolWorld()
  const registry = createToolRegistry([fakeTool('echo', { a: { type: 'integer' } }, ['a'])])
  expect(await runTool(registry, { tool: 'echo', args: { a: '5' } }, context)).toEqual({ result: { a: 5 } })
  await expect(runTool(registry, { tool: 'ehco', args: {} }, context)).rejects.toMatchObject({
    code: 'tool-unknown',
    blame: 'workflow',
  })
  const stopped = { ...context, signal: AbortSignal.abort(new Error('stopped')) }
  await expect(runTool(registry, { tool: 'echo', args: { a: 1 } }, stopped)).rejects.toThrow('stopped')
})
