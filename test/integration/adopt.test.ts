import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { CORPUS, corpusFiles } from '../helpers/corpus.ts'
import { makeProject, type ProjectPlan, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let made: TestProject | undefined
afterEach(() => made?.remove())

const project = (plan: ProjectPlan = {}) => {
  made = makeProject(plan)
  return made
}
const line = (where: TestProject, ...words: string[]) =>
  runInProcess(['import', 'codemie', ...words], { cwd: where.root, env: { PATH: process.env['PATH'] ?? '' } })

const envelope = (config: string) => `name: Kickoff
slug: kickoff
execution_config:
  enable_summarization_node: false
${config.replace(/^/gm, '  ')}
`
const agent = (more: string) =>
  envelope(`assistants:
  - { id: a, system_prompt: P${more} }
states:
  - { id: s, assistant_id: a, task: Go, next: { state_id: end } }`)

const FILES = {
  'up/plain_template.yaml': agent(''),
  'up/noted_template.yaml': agent(', tools: [{ name: read_file, toolset: Files }]'),
  'up/jira_template.yaml': agent(
    ', tools: [{ name: generic_jira_tool }, { name: AWS }], datasource_ids: [handbok]',
  ),
  'up/more/tickets_template.yaml': agent(', tools: [{ name: generic_jira_tool }]'),
  'up/broken_template.yaml': envelope(
    'states: [{ id: s, assistant_id: nobody, task: Go, next: { state_id: end } }]',
  ),
}

describe('import codemie', () => {
  test('says of each file how it runs, and once what is missing', async () => {
    const where = project({
      files: FILES,
      config: 'datasources: { handbook: { path: docs } }\n',
    })
    expect(await line(where, 'up')).toEqual({
      status: 1,
      stderr: '',
      stdout: `✗ up/broken_template.yaml        is not valid
    5: Assistant 'nobody' does not exist
! up/jira_template.yaml          needs a mapping
    6: Assistant 'a' searches datasource 'handbok', which the config does not know
    6: There is no integration of type jira, which generic_jira_tool needs
    6: There is no tool "AWS" here
! up/more/tickets_template.yaml  needs a mapping
    6: There is no integration of type jira, which generic_jira_tool needs
✓ up/noted_template.yaml         runs, with a note
    6: The key 'toolset' has no effect: the tool is found by its name alone
✓ up/plain_template.yaml         runs unchanged

5 files: 1 runs unchanged; 1 runs, with a note; 2 need a mapping; 1 is not valid

What is missing
  Add it to .codemie/config.yaml: integrations: { jira: { type: jira, url: https://…, token_env: JIRA_TOKEN } }. (2 files)
    There is no integration of type jira, which generic_jira_tool needs
  Did you mean 'handbook'? Say where it is: datasources: { handbok: { path: docs } } in .codemie/config.yaml. (1 file)
    Assistant 'a' searches datasource 'handbok', which the config does not know
  Allow the cloud's command line program and use run_command, or map it to an MCP server. To let another tool stand for it, write tools: { AWS: { use: <tool> } } in .codemie/config.yaml. (1 file)
    There is no tool "AWS" here
`,
    })
  })

  test('with --write copies what runs, as it is, and overwrites nothing', async () => {
    const where = project({ files: FILES, workflows: { noted: 'mine: {}\n' } })
    const { status, stdout } = await line(
      where,
      'up/plain_template.yaml',
      'up/noted_template.yaml',
      '--write',
    )
    expect(status).toBe(0)
    expect(stdout.split('\n').slice(-3)).toEqual([
      'up/plain_template.yaml is copied to .codemie/workflows/plain.yaml',
      'up/noted_template.yaml was not copied: there is another .codemie/workflows/noted.yaml',
      '',
    ])
    const copy = join(where.root, '.codemie/workflows/plain.yaml')
    expect(readFileSync(copy, 'utf8')).toBe(FILES['up/plain_template.yaml'])
    expect(await line(where, 'up/broken_template.yaml', '--write')).toMatchObject({ status: 1 })
    expect(existsSync(join(where.root, '.codemie/workflows/broken.yaml'))).toBe(false)
  })

  test('as JSON', async () => {
    const where = project({ files: FILES })
    const { stdout } = await line(where, 'up/more', '--json')
    expect(JSON.parse(stdout)).toEqual({
      files: [
        {
          file: 'up/more/tickets_template.yaml',
          verdict: 'mapping',
          diagnostics: [
            expect.objectContaining({
              code: 'integration-missing',
              severity: 'warning',
              line: 6,
              message: 'There is no integration of type jira, which generic_jira_tool needs',
            }),
          ],
        },
      ],
    })
  })

  test('of a file that is not there', async () => {
    expect(await line(project({ files: FILES }), 'nowhere')).toMatchObject({ status: 2, stdout: '' })
  })

  const corpus = corpusFiles()
  test.skipIf(corpus.length === 0)(
    `has a verdict for each of ${corpus.length} files of CodeMie`,
    async () => {
      const { stdout } = await line(project({ files: FILES }), CORPUS, '--json')
      const { files } = JSON.parse(stdout)
      expect(files).toHaveLength(corpus.length)
      const of = (verdict: string) =>
        files.filter((one: { verdict: string }) => one.verdict === verdict).length
      expect(of('unchanged') + of('note')).toBeGreaterThan(5)
      expect(of('invalid')).toBe(2)
    },
  )
})
