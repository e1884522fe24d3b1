import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createGate } from '../helpers/model-server.ts'
import { eventsOfType } from '../helpers/project.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
const { projectOf } = bench

const workflow = (assistants: string) =>
  `assistants:\n${assistants}\nstates:\n  - { id: ask, assistant_id: a, task: Say hello, next: { state_id: end } }\n`

const REVIEWING = `---
name: Reviewing
description: How we review changes
---
Look for bugs first. The list is in checklist.md.
`
const SKILLS = {
  '.codemie/skills/reviewing/SKILL.md': REVIEWING,
  '.codemie/skills/reviewing/checklist.md': '- races\n- leaks\n',
  '.codemie/skills/reviewing/logo.bin': '\0\u0001',
  '.codemie/skills/greeting/SKILL.md': 'Greet people by name.\n',
}
const answers = () =>
  bench.server.requests
    .at(-1)
    ?.body.messages.filter(({ role }: { role: string }) => role === 'tool')
    .map(({ content }: { content: string }) => content)

describe('an assistant with skills', () => {
  const withSkills = workflow('  - { id: a, system_prompt: P, skill_ids: [reviewing, greeting] }')

  test('is told of them, and loads their text and files with one tool', async () => {
    bench.server.reply(
      {
        toolCalls: [
          { name: 'skill', args: { name: 'reviewing' } },
          { name: 'skill', args: { name: 'reviewing', file: 'checklist.md' } },
          { name: 'skill', args: { name: 'greeting' } },
        ],
      },
      'Done.',
    )
    const project = projectOf(withSkills, { files: SKILLS })
    expect(await project.run('w')).toMatchObject({ status: 'succeeded', output: 'Done.' })
    const { messages, tools } = bench.server.requests[0]?.body ?? {}
    expect(messages[0].content).toBe(
      'P\n\nYou have skills: instructions for particular kinds of work. When one fits what you are asked, load it with the tool "skill" before you begin, and follow it.',
    )
    expect(tools).toHaveLength(1)
    expect(tools[0].function).toMatchObject({
      name: 'skill',
      description:
        'Loads a skill: instructions for one kind of work. Returns {instructions, files}; with "file", the text of one of those files. Skills:\n- reviewing: How we review changes\n- greeting',
      parameters: { properties: { name: { enum: ['reviewing', 'greeting'] } }, required: ['name'] },
    })
    expect(answers()).toEqual([
      '{"instructions": "Look for bugs first. The list is in checklist.md.", "files": ["checklist.md", "logo.bin"]}',
      '- races\n- leaks\n',
      '{"instructions": "Greet people by name.", "files": []}',
    ])
  })

  test.each<[situation: string, args: object, answer: string]>([
    [
      'a skill that it does not have',
      { name: 'secrets' },
      `The root cause is: 'skill: the arguments do not fit: "name" must be one of "reviewing", "greeting"'`,
    ],
    [
      'a file that is not in the folder',
      { name: 'reviewing', file: 'checklist.txt' },
      `The root cause is: 'skill: argument "file" names no file of the skill. Its files: checklist.md, logo.bin'`,
    ],
    [
      'a file outside of the folder',
      { name: 'reviewing', file: '../greeting/SKILL.md' },
      `The root cause is: 'skill: argument "file" names no file of the skill. Its files: checklist.md, logo.bin'`,
    ],
    [
      'a file that is no text',
      { name: 'reviewing', file: 'logo.bin' },
      "The root cause is: 'skill: logo.bin is no text'",
    ],
  ])('that asks for %s is told so, and goes on', async (_, args, answer) => {
    bench.server.reply({ toolCalls: [{ name: 'skill', args }] }, 'Done.')
    const run = await projectOf(withSkills, { files: SKILLS }).run('w')
    expect(run.output).toBe('Done.')
    expect(answers()?.[0]?.split('\n').at(-1)?.trim()).toBe(answer)
  })

  test('that is missing or broken is told before anything is spent, all at once', async () => {
    const assistants = '  - { id: a, system_prompt: P, skill_ids: [reviewng, broken] }'
    const project = projectOf(workflow(assistants), {
      files: { ...SKILLS, '.codemie/skills/broken/SKILL.md': '---\nname: [\n---\nText\n' },
    })
    await expect(project.run('w').catch(({ message }: Error) => message)).resolves.toBe(
      `.codemie/workflows/w.yaml:3:5: Assistant 'a' has the skill 'reviewng', and there is no .codemie/skills/reviewng/SKILL.md
  Did you mean 'reviewing'? Write that file, or take the skill out of skill_ids.
.codemie/workflows/w.yaml:3:5: Assistant 'a' has the skill 'broken', and its file has errors: .codemie/skills/broken/SKILL.md:3: The indentation does not fit the lines above
  Mend the lines between the hyphens at its top: they are YAML.`,
    )
    expect(bench.server.requests).toEqual([])
  })
})

describe('an assistant that can ask others', () => {
  const team =
    workflow(`  - { id: a, system_prompt: Lead., model: gpt-4.1, limit_tool_output_tokens: 4, assistant_ids: [critic, reader] }
  - { id: critic, system_prompt: You find faults., model: gpt-5, description: Finds faults in texts, tools: [{ name: read_file }] }`)
  const files = {
    '.codemie/assistants/reader.yaml': 'system_prompt: You read.\nmodel: gpt-5-nano\n',
    'notes.txt': 'All is well.\n',
  }

  test('asks them like tools; each answers with its own prompt, model and tools, and sees the question alone', async () => {
    bench.server.reply(
      {
        toolCalls: [
          { name: 'ask_critic', args: { question: 'Is notes.txt good?' } },
          { name: 'ask_reader', args: { question: 'What is the weather?' } },
        ],
      },
      { toolCalls: [{ name: 'read_file', args: { path: 'notes.txt' } }] },
      'It is short.',
      'It rains and rains and rains.',
      'Both have answered.',
    )
    const project = projectOf(team, { files })
    expect(await project.run('w', { input: 'Secret input' })).toMatchObject({ output: 'Both have answered.' })
    const bodies = bench.server.requests.map(({ body }) => body)
    expect(bodies.map(({ model }) => model)).toEqual(['gpt-4.1', 'gpt-5', 'gpt-5', 'gpt-5-nano', 'gpt-4.1'])
    expect(bodies[0].tools.map(({ function: { name, description } }: never) => [name, description])).toEqual([
      [
        'ask_critic',
        'Asks the assistant critic: Finds faults in texts. It sees nothing but the question, and gives its answer as text.',
      ],
      [
        'ask_reader',
        'Asks the assistant reader. It sees nothing but the question, and gives its answer as text.',
      ],
    ])
    expect(bodies[1].messages).toEqual([
      { role: 'system', content: 'You find faults.' },
      { role: 'user', content: 'Is notes.txt good?' },
    ])
    expect(bodies[3].messages).toEqual([
      { role: 'system', content: 'You read.' },
      { role: 'user', content: 'What is the weather?' },
    ])
    expect(answers()).toEqual([
      'It is short.',
      'Tool output is truncated. Ratio limit/used_tokens: 0.5. Tool output: It rains and r',
    ])
  })

  test('asks nobody twice when the run goes on after it was cut off', async () => {
    const stop = new AbortController()
    const question = { name: 'ask_critic', args: { question: 'Good?' } }
    bench.server.reply(
      { toolCalls: [question, { ...question, args: { question: 'Really?' } }] },
      'Yes.',
      'Very.',
      () => {
        stop.abort()
        return { trouble: 'hang' }
      },
      'So it is good.',
    )
    const project = projectOf(team, { files })
    expect(await project.run('w', { signal: stop.signal })).toMatchObject({ status: 'interrupted' })
    expect(await project.resume('latest')).toMatchObject({ status: 'succeeded', output: 'So it is good.' })
    expect(bench.server.requests).toHaveLength(5)
    expect(answers()).toEqual(['Yes.', 'Very.'])
  })

  test('lets a tool that it called with them end, so that the record has its answer, when one of them fails', async () => {
    const asked = createGate()
    const api = createServer(async (_, response) => {
      await asked.passed
      response.end('sent')
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void api.close())
    const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
    bench.server.reply(
      {
        toolCalls: [
          { name: 'http_request', args: { method: 'POST', url: `${url}/` } },
          { name: 'ask_b', args: { question: 'Good?' } },
        ],
      },
      { status: 401, text: 'no' },
    )
    const project = projectOf(
      workflow(`  - { id: a, system_prompt: P, tools: [{ name: http_request, integration_alias: api }], assistant_ids: [b] }
  - { id: b, system_prompt: Q }`),
      { config: `integrations: { api: { type: http, url: '${url}' } }\n` },
    )
    const failing = project.run('w')
    await bench.server.waitForRequests(2)
    for (let turn = 0; turn < 50_000; turn++) await new Promise(setImmediate)
    asked.open()
    const run = await failing
    expect(run.status).toBe('failed')
    expect(eventsOfType(run, 'effect-finished').map(({ name }) => name)).toEqual([
      'openai:gpt-5-mini',
      'http_request',
    ])
  })

  test('spends the calls of the step with them: those who ask each other for ever are stopped', async () => {
    bench.server.otherwise({ toolCalls: [{ name: 'ask_critic', args: { question: 'More?' } }] })
    const run = await projectOf(team, { files }).run('w')
    expect(run).toMatchObject({ status: 'failed', failure: { code: 'agent-does-not-end' } })
  })

  test('tells those apart whose ids differ in signs that no name of a tool has', async () => {
    bench.server.reply(
      { toolCalls: [{ name: 'ask_the_critic_2', args: { question: 'Who are you?' } }] },
      'The second.',
      'Done.',
    )
    const project = projectOf(
      workflow(`  - { id: a, system_prompt: P, assistant_ids: ['the critic', 'the critic', 'the:critic'] }
  - { id: 'the critic', system_prompt: One. }
  - { id: 'the:critic', system_prompt: Two. }`),
    )
    await project.run('w')
    const [first, second] = bench.server.requests.map(({ body }) => body)
    expect(first.tools.map(({ function: { name } }: never) => name)).toEqual([
      'ask_the_critic',
      'ask_the_critic_2',
    ])
    expect(second.messages[0].content).toBe('Two.')
  })

  test('cannot be asked by itself', async () => {
    const project = projectOf(
      workflow(
        '  - { id: a, system_prompt: P, assistant_ids: [b] }\n  - { id: b, system_prompt: P, assistant_ids: [stored] }',
      ),
      {
        files: {
          '.codemie/assistants/stored.yaml': 'system_prompt: P\nassistant_ids: [other]\n',
          '.codemie/assistants/other.yaml': 'system_prompt: P\nassistant_ids: [stored]\n',
        },
      },
    )
    await expect(project.run('w')).rejects.toMatchObject({
      code: 'not-runnable',
      message: `.codemie/assistants/other.yaml:2:17: The assistants ask each other in a circle: stored → other → stored
  Remove one of them from the assistant_ids of another.`,
    })
  })

  test('must find them', async () => {
    const project = projectOf(workflow('  - { id: a, system_prompt: P, assistant_ids: [raeder] }'), { files })
    await expect(project.run('w')).rejects.toMatchObject({
      message: `.codemie/workflows/w.yaml:3:48: The assistant 'raeder' is named here, and there is no .codemie/assistants/raeder.yaml
  Did you mean 'reader'? Write that file, or make the assistant inline.`,
    })
  })
})
